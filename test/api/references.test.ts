import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { type Answer, NDJSON, predictionLine, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

let service: Service;
beforeAll(async () => {
  service = await startInProcess();
  const body = Array.from({ length: 120 }, (_, index) =>
    predictionLine(`p-${index}`, {
      model: 'team/late-flights',
      ts: new Date(Date.UTC(2026, 4, 1, 10, 0, index)).toISOString(),
    }),
  ).join('\n');
  expect((await request(`${service.url}/v1/predictions`, { body, headers: NDJSON })).receipt().accepted).toBe(120);
});
afterAll(async () => {
  await service.stop();
});

const MODEL = encodeURIComponent('team/late-flights');

function set(model: string, body: unknown): Promise<Answer> {
  return request(`${service.url}/v1/models/${model}/references`, {
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

const reference = z.looseObject({
  model: z.string(),
  reference_version: z.number(),
  kind: z.string(),
  rows: z.number(),
});

async function list(path: string): Promise<readonly z.infer<typeof reference>[]> {
  return z.array(reference).parse((await request(`${service.url}${path}`)).json());
}

describe('a reference', () => {
  test('that is set again becomes a newer version, and the older one stays', async () => {
    const fixed = await set(MODEL, { kind: 'fixed', from: '2026-05-01T12:00:00+02:00', to: '2026-05-01T10:01:00Z' });
    expect(fixed.status, fixed.text).toBe(201);
    expect(fixed.json()).toMatchObject({
      model: 'team/late-flights',
      reference_version: 1,
      kind: 'fixed',
      from: '2026-05-01T10:00:00.000Z',
      to: '2026-05-01T10:01:00.000Z',
      rows: 60,
    });
    const trailing = await set(MODEL, { kind: 'trailing' });
    expect(trailing.json()).toMatchObject({ reference_version: 2, kind: 'trailing', from: null, to: null });
    expect((await list(`/v1/models/${MODEL}/references`)).map((each) => each.reference_version)).toEqual([2, 1]);
    expect((await list('/v1/references')).filter((each) => each.model === 'team/late-flights').length).toBeGreaterThan(
      0,
    );
  });

  test.each([
    ['previous', { kind: 'previous' }],
    ['same-hour-last-week', { kind: 'same-hour-last-week', weeks: 2 }],
    ['version', { kind: 'version', version: '3' }],
  ])('may be of the kind %s', async (kind, body) => {
    const answer = await set(MODEL, body);
    expect(answer.status, answer.text).toBe(201);
    expect(answer.json()).toMatchObject({ kind });
  });

  test.each([
    ['{', /JSON/],
    [{ kind: 'nonsense' }, /kind/],
    [{ kind: 'fixed', from: 'yesterday', to: '2026-05-01T10:01:00Z' }, /from/],
    [{ kind: 'fixed', from: '2026-05-01T10:01:00Z', to: '2026-05-01T10:00:00Z' }, /from must be before to/],
    [
      { kind: 'fixed', from: '2020-01-01T00:00:00Z', to: '2020-01-02T00:00:00Z' },
      /no predictions of team\/late-flights between 2020-01-01/,
    ],
    [{ kind: 'same-hour-last-week', weeks: 0 }, /weeks/],
    [{ kind: 'previous', extra: 1 }, /extra/],
  ])('that is wrong is refused with the reason: %j', async (body, reason) => {
    const answer = await set(MODEL, body);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(z.object({ detail: z.string() }).parse(answer.json()).detail).toMatch(reason);
  });

  test('of a model that has none is an empty list', async () => {
    expect(await list('/v1/models/unknown/references')).toEqual([]);
  });
});
