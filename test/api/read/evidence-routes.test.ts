import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { modelSignals } from '../../../src/store/queries/signals-read.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import {
  type ApiFixture,
  DAY,
  EPISODE,
  HOSTILE_FEATURE,
  HOSTILE_TITLE,
  HOUR,
  MODEL,
  NOW,
  seed,
  START,
  startApi,
} from '../fixture.ts';

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

describe('GET /v1/models/:model/drift', () => {
  test('hands the range, window, version and profile on and gives the report as it is', async () => {
    const { status, body } = await get(
      `${PATH}/drift?from=2026-03-03&to=2026-03-05&window=day&profile=textbook&version=9`,
    );
    expect(status).toBe(200);
    expect(api.driftRequests.at(-1)).toMatchObject({
      model: MODEL,
      fromMs: START + DAY,
      toMs: START + 3 * DAY,
      window: 'day',
      profile: 'textbook',
      version: '9',
    });
    expect(body).toMatchObject({
      profile: 'textbook',
      sql: [{ name: 'facts', sql: 'SELECT 1' }],
      windows: [{ window: 'all', level: 'stable', prediction: null }],
    });
  });

  test('without a range it compares everything the model has sent', async () => {
    await get(`${PATH}/drift`);
    expect(api.driftRequests.at(-1)).toMatchObject({
      fromMs: undefined,
      firstMs: START,
      toMs: START + 14 * DAY - 600_000 + 1,
      window: 'all',
      profile: 'robust',
    });
  });

  test('refuses a profile that does not exist by name', async () => {
    expect(await get(`${PATH}/drift?profile=lucky`)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('profile') },
    });
  });
});

describe('GET /v1/models/:model/signals', () => {
  test('gives the minutes of the model as a whole, with null where there is no value', async () => {
    const { body } = await get(`${PATH}/signals?name=latency_p99_seconds`);
    expect(body).toMatchObject({ signal: 'latency_p99_seconds', unit: 'seconds' });
    const { points } = z.object({ points: z.array(z.unknown()) }).parse(body);
    expect(points).toHaveLength(150);
    expect(points[0]).toEqual({ t: '2026-03-15T19:00:00.000Z', value: 0.01, state: 'ok' });
    expect(points[3]).toEqual({ t: '2026-03-15T19:03:00.000Z', value: null, state: 'no_data' });
  });

  test('gives one level below the model when asked, and all features where there is no model level', async () => {
    const range = `from=${NOW - 6 * HOUR}&to=${NOW}`;
    const count = async (query: string): Promise<number> =>
      z.object({ points: z.array(z.unknown()) }).parse((await get(`${PATH}/signals?${query}&${range}`)).body).points
        .length;
    expect(await count('name=gpu_utilization_ratio')).toBe(150);
    expect(await count('name=gpu_utilization_ratio&gpu=GPU-1')).toBe(150);
    expect(await count('name=gpu_utilization_ratio&gpu=*')).toBe(300);
    expect(await count('name=gpu_utilization_ratio&gpu=GPU-2')).toBe(0);
    expect((await get(`${PATH}/signals?name=feature_psi&${range}`)).body).toMatchObject({
      points: expect.arrayContaining([expect.objectContaining({ feature: 'distance' })]),
    });
  });

  test('an unknown signal is refused with the one that was probably meant', async () => {
    const { status, body } = await get(`${PATH}/signals?name=latency_p9_seconds`);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      detail: expect.stringMatching(/name.*latency_p95_seconds|name.*latency_p99_seconds/),
    });
    expect(await get(`${PATH}/signals`)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('name') },
    });
  });
});

describe('GET /v1/alerts', () => {
  test('shows what is firing, then pending, then resolved; one that holds on is firing', async () => {
    const { body } = await get('/v1/alerts');
    expect(body).toMatchObject([
      { alert: 'HoldsOn', state: 'firing', resolved_at: null },
      { alert: 'Waits', state: 'pending', firing_since: null },
      { alert: 'GpuSaturated', state: 'resolved', incident: EPISODE, resolved_at: '2026-03-15T20:30:00.000Z' },
    ]);
  });

  test('narrows by state and model', async () => {
    expect((await get('/v1/alerts?state=pending')).body).toMatchObject([{ alert: 'Waits' }]);
    expect((await get('/v1/alerts?model=quiet')).body).toEqual([]);
    expect(await get('/v1/alerts?state=asleep')).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('state') },
    });
  });
});

describe('GET /v1/incidents', () => {
  test('lists episodes that fired, and those open in a range', async () => {
    const { body } = await get('/v1/incidents');
    expect(body).toEqual([
      {
        id: EPISODE,
        alert: 'GpuSaturated',
        model: MODEL,
        scope: MODEL,
        severity: 'critical',
        state: 'resolved',
        started_at: '2026-03-15T20:00:00.000Z',
        fired_at: '2026-03-15T20:05:00.000Z',
        resolved_at: '2026-03-15T20:30:00.000Z',
        summary: 'GPU 97 % <b>and</b> p99 90 ms',
      },
    ]);
    expect((await get('/v1/incidents?to=2026-03-15')).body).toEqual([]);
    expect((await get('/v1/incidents?from=2026-03-16')).body).toEqual([]);
    expect((await get('/v1/incidents?model=quiet')).body).toEqual([]);
  });

  test('one incident carries its evidence and the SQL that gives it again', async () => {
    const { status, body } = await get(`/v1/incidents/${encodeURIComponent(EPISODE)}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: EPISODE,
      evidence: {
        values: { gpu_utilization_ratio: 0.97, latency_p99_seconds: 0.09 },
        transitions: [{ transition: 'pending' }, { transition: 'firing' }, { transition: 'resolved' }],
        change_events: [{ kind: 'deploy', title: HOSTILE_TITLE }],
        affected: { predictions: 3, errors: 0, simulated: 3 },
        simulated: [expect.stringContaining('late-flights-simulated-0'), expect.stringContaining('3 of the 3')],
      },
    });
    const { evidence } = z
      .object({
        evidence: z.object({
          signals: z.array(z.object({ signal: z.string(), points: z.array(z.unknown()) })),
          drifting_features: z.array(
            z.object({
              feature: z.string(),
              level: z.string(),
              psi_corrected: z.number().nullable(),
              ks: z.number().nullable(),
            }),
          ),
          sql: z.array(z.object({ title: z.string(), sql: z.string() })),
        }),
      })
      .parse(body);
    expect(evidence.signals.map((entry) => entry.signal)).toEqual([
      'latency_p99_seconds',
      'slo_latency_p99_seconds',
      'gpu_utilization_ratio',
    ]);
    expect(evidence.drifting_features).toEqual([
      { feature: 'distance', level: 'major', psi_corrected: 0.4, ks: 0.05 },
      { feature: '__score__', level: 'minor', psi_corrected: 0.03, ks: 0.05 },
      { feature: HOSTILE_FEATURE, level: 'negligible', psi_corrected: 0.011, ks: null },
      { feature: 'rare', level: 'insufficient_data', psi_corrected: null, ks: null },
    ]);
    for (const { sql } of evidence.sql) {
      expect(await running.store.rows({ name: 'reproduce', sql })).not.toEqual([]);
    }
  });

  test('a minute that was concluded again has what was concluded last, be it that nothing was measured', async () => {
    const row = { signal: 'error_ratio', model: 'twice', version: '', feature: '', segment: '', gpu: '' };
    const at = (minute: number): string => new Date(START + minute * 60_000).toISOString();
    await running.store.insert('signals', [
      { ...row, t: at(0), value: 0.5, state: 'ok', evaluated_at: at(9) },
      { ...row, t: at(1), value: null, state: 'no_data', evaluated_at: at(9) },
    ]);
    await running.store.insert(
      'signals',
      [0, 1, 2].map((minute) => ({ ...row, t: at(minute), value: 0.1, state: 'ok', evaluated_at: at(3) })),
    );
    const asked = { model: 'twice', signals: ['error_ratio'], from: START, to: START + HOUR };
    expect(await running.store.query(modelSignals, asked)).toEqual([
      {
        signal: 'error_ratio',
        points: [
          [START, 0.5],
          [START + 120_000, 0.1],
        ],
      },
    ]);
  });

  test('an unknown incident is a 404 problem', async () => {
    expect(await get('/v1/incidents/none')).toMatchObject({ status: 404, body: { title: 'Not Found' } });
  });
});

test('every route is in the OpenAPI 3.1 document with its answer and its parameters', async () => {
  const { body } = await get('/openapi.json');
  const document = z
    .object({
      openapi: z.string(),
      paths: z.record(
        z.string(),
        z.object({ get: z.looseObject({ responses: z.record(z.string(), z.unknown()) }).optional() }),
      ),
    })
    .parse(body);
  expect(document.openapi).toBe('3.1.0');
  for (const path of [
    '/v1/models',
    '/v1/models/{model}',
    '/v1/models/{model}/performance',
    '/v1/models/{model}/drift',
    '/v1/models/{model}/signals',
    '/v1/alerts',
    '/v1/incidents',
    '/v1/incidents/{id}',
  ]) {
    expect([path, document.paths[path]?.get?.responses['200'] === undefined]).toEqual([path, false]);
  }
  expect(JSON.stringify(document.paths['/v1/models/{model}/performance'])).toContain('"name":"as_of"');
});

test('with tokens nothing can be read without one of the scope read', async () => {
  const guarded = await startApi(running.store, [
    { name: 'reader', token: 'r', scopes: ['read'] },
    { name: 'sender', token: 's', scopes: ['ingest'] },
  ]);
  const status = async (url: string, token?: string): Promise<number> =>
    (await guarded.app.inject({ url, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } }))
      .statusCode;
  for (const url of [
    '/v1/models',
    PATH,
    `${PATH}/performance`,
    `${PATH}/signals?name=requests_per_second`,
    '/v1/alerts',
    '/v1/incidents',
    '/',
    `/models/${encodeURIComponent(MODEL)}`,
  ]) {
    expect([url, await status(url), await status(url, 's'), await status(url, 'r')]).toEqual([url, 401, 403, 200]);
  }
  // Who may not ask learns nothing about what may be asked.
  for (const path of ['/signals', '/signals?name=nothing', '/drift?from=yesterday', '/performance?window=year']) {
    const url = `${PATH}${path}`;
    expect([url, await status(url), await status(url, 's'), await status(url, 'r')]).toEqual([url, 401, 403, 400]);
  }
  await guarded.app.close();
});
