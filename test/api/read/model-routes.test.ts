import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { type ApiFixture, DAY, HOSTILE_FEATURE, MODEL, predictions, seed, START, startApi } from '../fixture.ts';

let running: TestStore;
let api: ApiFixture;
beforeAll(async () => {
  running = await startTestStore();
  await seed(running.store);
  api = await startApi(running.store);
});
afterAll(async () => {
  await api.app.close();
  await running.stop();
});

const PATH = `/v1/models/${encodeURIComponent(MODEL)}`;

async function get(url: string): Promise<{ readonly status: number; readonly type: string; readonly body: unknown }> {
  const response = await api.app.inject({ method: 'GET', url });
  return {
    status: response.statusCode,
    type: String(response.headers['content-type']),
    body: response.json<unknown>(),
  };
}

describe('GET /v1/models', () => {
  test('lists every model with its counts and times', async () => {
    const { status, body } = await get('/v1/models');
    expect(status).toBe(200);
    expect(body).toEqual([
      {
        model: 'quiet',
        versions: ['0'],
        predictions: 10,
        labels: 0,
        first_ts: '2026-03-02T00:00:00.000Z',
        last_ts: '2026-03-02T00:09:00.000Z',
      },
      {
        model: MODEL,
        versions: ['9', '10'],
        predictions: 2016,
        labels: 1008,
        first_ts: '2026-03-02T00:00:00.000Z',
        last_ts: '2026-03-15T23:50:00.000Z',
      },
    ]);
  });

  test('a label sent again, or by both ways of naming its model, counts once', async () => {
    await running.store.insert('labels', [
      {
        prediction_id: 'p-0',
        model: '',
        label_ts: '2026-03-02T01:00:00Z',
        label_number: 0,
        label_class: '',
        received: '2026-03-20T00:00:00Z',
      },
      {
        prediction_id: 'p-1',
        model: '',
        label_ts: '2026-03-02T01:00:00Z',
        label_number: 0,
        label_class: '',
        received: '2026-03-20T00:00:00Z',
      },
    ]);
    const { body } = await get('/v1/models');
    expect(body).toEqual(expect.arrayContaining([expect.objectContaining({ model: MODEL, labels: 1008 })]));
  });
});

describe('GET /v1/models/:model', () => {
  test('describes versions, features, reference and objectives', async () => {
    const { status, body } = await get(PATH);
    expect(status).toBe(200);
    const failed = predictions().filter((row) => row.version === '9' && row.status === 'error').length;
    expect(body).toMatchObject({
      model: MODEL,
      owner: 'Flight team <ops@example.org>',
      slo: { latency_p99_seconds: 0.05, accuracy: 0.9 },
      reference: {
        version: 2,
        kind: 'fixed',
        rows: 144,
        from: '2026-03-02T00:00:00.000Z',
        to: '2026-03-03T00:00:00.000Z',
      },
      versions_detail: [
        { version: '9', predictions: 1000, errors: failed, error_ratio: failed / 1000 },
        { version: '10', predictions: 1016 },
      ],
      features: [
        { feature: HOSTILE_FEATURE, kind: 'categorical', values: 1008, missing: 1008 },
        { feature: 'distance', kind: 'numeric', values: 2016, missing: 0 },
      ],
    });
    const { versions_detail: versions } = z
      .object({ versions_detail: z.array(z.object({ latency_p50_seconds: z.number() })) })
      .parse(body);
    for (const version of versions) expect(Math.abs(version.latency_p50_seconds / 0.01 - 1)).toBeLessThan(0.02);
  });

  test('latency of a model that sends none is null, not 0', async () => {
    const { body } = await get('/v1/models/quiet');
    expect(body).toMatchObject({
      reference: null,
      owner: null,
      versions_detail: [{ latency_p99_seconds: null, error_ratio: 0 }],
    });
  });

  test.each(['', '/performance', '/drift', '/signals?name=accuracy'])(
    'an unknown model is a 404 problem (%s)',
    async (rest) => {
      const { status, type, body } = await get(`/v1/models/nobody${rest}`);
      expect(status).toBe(404);
      expect(type).toContain('application/problem+json');
      expect(body).toMatchObject({
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: expect.stringContaining('nobody'),
      });
    },
  );
});

describe('GET /v1/models/:model/performance', () => {
  test('has exactly the keys of the contract, one row a window', async () => {
    const { status, body } = await get(`${PATH}/performance?window=week`);
    expect(status).toBe(200);
    const rows = z.array(z.record(z.string(), z.unknown())).parse(body);
    const keys = [
      'window',
      'from',
      'to',
      'predictions',
      'labeled',
      'label_coverage',
      'accuracy',
      'precision',
      'recall',
      'f1',
      'auc',
      'log_loss',
      'brier',
      'mae',
      'rmse',
      'r2',
      'bias',
    ];
    for (const row of rows) expect(Object.keys(row).toSorted()).toEqual(keys.toSorted());
    expect(rows[0]).toMatchObject({
      window: '2026-W10',
      from: '2026-03-02T00:00:00.000Z',
      to: '2026-03-09T00:00:00.000Z',
      label_coverage: 1,
      mae: null,
    });
    expect(rows[0]?.['accuracy']).toBeCloseTo(0.9, 2);
    expect(rows[1]).toMatchObject({
      window: '2026-W11',
      labeled: 0,
      label_coverage: 0,
      accuracy: null,
      auc: null,
      log_loss: null,
    });
  });

  test('takes times as RFC 3339, as a date and as epoch milliseconds alike', async () => {
    const answers = await Promise.all(
      [
        'from=2026-03-03&to=2026-03-04',
        `from=${START + DAY}&to=${START + 2 * DAY}`,
        'from=2026-03-03T01:00:00%2B01:00&to=2026-03-04T00:00:00Z',
      ].map(async (range) => (await get(`${PATH}/performance?${range}`)).body),
    );
    const ok = predictions().filter((row) => row.status === 'ok' && row.ts >= START + DAY && row.ts < START + 2 * DAY);
    expect(answers[0]).toMatchObject([{ window: 'all', predictions: ok.length }]);
    const rows = answers.map((body) =>
      z.array(z.object({ from: z.string(), to: z.string(), predictions: z.number(), labeled: z.number() })).parse(body),
    );
    expect(rows[1]).toEqual(rows[0]);
    expect(rows[2]).toEqual(rows[0]);
  });

  test('narrows to a version, a segment and the labels known at a time', async () => {
    expect((await get(`${PATH}/performance?version=9`)).body).toMatchObject([{ version: '9', predictions: 980 }]);
    expect(
      (await get(`${PATH}/performance?segment=${encodeURIComponent('carrier="><b>AA')}&to=2026-03-03`)).body,
    ).toMatchObject([{ predictions: 36 }]);
    const cut = await get(`${PATH}/performance?to=2026-03-03&as_of=window_end`);
    const later = await get(`${PATH}/performance?to=2026-03-03&as_of=2026-03-04`);
    expect(cut.body).toMatchObject([{ labeled: 132 - 2 }]);
    expect(later.body).toMatchObject([{ labeled: 144 - 2 }]);
  });

  test.each([
    ['from=yesterday', 'from'],
    ['to=1e99', 'to'],
    ['window=year', 'window'],
    ['segment=carrier', 'segment'],
    ['from=2026-03-04&to=2026-03-03', 'to'],
    ['as_of=whenever', 'as_of'],
  ])('refuses %s with a problem that names %s', async (query, name) => {
    const { status, type, body } = await get(`${PATH}/performance?${query}`);
    expect(status).toBe(400);
    expect(type).toContain('application/problem+json');
    expect(body).toMatchObject({ detail: expect.stringContaining(name) });
  });
});
