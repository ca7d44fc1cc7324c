import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { judgeCanary } from '../../src/analysis/judge/judge-canary.ts';
import { guard } from '../../src/api/auth.ts';
import { registerJudgeRoutes } from '../../src/api/judge-routes.ts';
import { createServer } from '../../src/api/server.ts';
import { FakeClock } from '../../src/core/clock.ts';
import { generate } from '../../src/stats/generator.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { sendRecords } from './send-records.ts';

const NOW = Date.parse('2026-04-01T12:00:00Z');
const MINUTE = 60_000;
const CANARY_MINUTES = 20;

const metricSchema = z.looseObject({ metric: z.string(), classification: z.string(), reason: z.string() });
const reportSchema = z.looseObject({
  verdict: z.string(),
  score: z.number().nullable(),
  samples: z.number(),
  baseline: z.looseObject({ version: z.string(), predictions: z.number() }),
  canary: z.looseObject({ version: z.string(), predictions: z.number() }),
  window: z.object({ from: z.string(), to: z.string() }),
  metrics: z.array(metricSchema),
  reasons: z.array(z.string()),
});

let running: TestStore;
let app: FastifyInstance;

/** How a canary differs from the baseline beside it. */
interface Canary {
  readonly errors?: number;
  readonly latency?: number;
  readonly missing?: number;
  readonly score?: number;
  readonly size?: number;
}

/** Two versions of one model: the baseline for forty minutes, the canary for the last twenty; twenty rows a minute. */
function twoVersions(model: string, canary: Canary, seed: number, rows = 20) {
  const drawn = generate({ seed, n: 60 * rows * 6, dist: 'uniform', params: { numbers: { lo: 0, hi: 1 } } });
  const values = drawn.kind === 'numbers' ? [...drawn.values] : [];
  const random = () => values.pop() ?? 0;
  const arm = (version: string, from: number, how: Canary) =>
    Array.from({ length: from * rows }, (_, index) => {
      const size = 10 + 5 * random() + (how.size ?? 0);
      return {
        prediction_id: `${model}-${version}-${index}`,
        ts: NOW - from * MINUTE + Math.floor((index * MINUTE) / rows),
        model,
        version,
        features: { size: random() < (how.missing ?? 0.01) ? null : size, kind: random() < 0.5 ? 'a' : 'b' },
        score: Math.min(1, random() * 0.6 + (how.score ?? 0)),
        latency_ms: (20 + 10 * random()) * (how.latency ?? 1),
        status: random() < (how.errors ?? 0.01) ? 'error' : 'ok',
      };
    });
  return [...arm('1', 40, {}), ...arm('2', CANARY_MINUTES, canary)];
}

beforeAll(async () => {
  running = await startTestStore();
  const { store } = running;
  await sendRecords(store, 'predictions', [
    ...twoVersions('well', {}, 11),
    ...twoVersions('failing', { errors: 0.3 }, 2),
    ...twoVersions('slow', { latency: 1.3 }, 3),
    ...twoVersions('blind', { missing: 0.3 }, 4),
    ...twoVersions('other answers', { score: 0.35 }, 5).map((row) => ({ ...row, model: 'other' })),
    ...twoVersions('unfair', { size: 4 }, 6),
    ...twoVersions('young', {}, 7, 2),
  ]);
  app = await createServer({ logger: pino({ level: 'silent' }), version: '0.0.0' });
  await registerJudgeRoutes(app, {
    clock: new FakeClock(NOW),
    guard: guard([]),
    judge: (asked) => judgeCanary({ ...asked, store, latencyLimitSeconds: 0.035 }),
  });
  await app.ready();
});
afterAll(async () => {
  await app.close();
  await running.stop();
});

async function post(path: string, payload: Readonly<Record<string, unknown>>) {
  const response = await app.inject({ method: 'POST', url: path, payload });
  return { status: response.statusCode, body: response.json<unknown>() };
}

async function judged(model: string, more: Readonly<Record<string, unknown>> = {}) {
  const { status, body } = await post('/v1/judge', { model, baseline: '1', canary: '2', ...more });
  expect(status).toBe(200);
  return reportSchema.parse(body);
}

async function classes(model: string) {
  const { metrics } = await judged(model);
  return Object.fromEntries(metrics.map(({ metric, classification }) => [metric, classification]));
}

describe('POST /v1/judge', () => {
  test('passes a canary that is like its baseline, over the minutes that both served', async () => {
    const report = await judged('well');
    expect(report.reasons).toEqual([]);
    expect(report).toMatchObject({
      verdict: 'pass',
      score: 100,
      samples: 800,
      baseline: { version: '1', predictions: 400 },
      canary: { version: '2', predictions: 400 },
      window: { from: '2026-04-01T11:40:00.000Z', to: '2026-04-01T12:00:00.000Z' },
    });
  });

  test.each([
    ['failing', 'error_ratio', 'fail'],
    ['slow', 'latency', 'fail'],
    ['slow', 'slow_ratio', 'fail'],
    ['blind', 'missing_ratio', 'fail'],
    ['other', 'prediction', 'fail'],
    ['unfair', 'inputs', 'marginal'],
  ])('the canary %s differs in %s: %s', async (model, metric, expected) => {
    expect(await classes(model)).toMatchObject({ [metric]: expected });
  });

  test('fails what is worse, with the reason first, and is inconclusive where the two are not comparable', async () => {
    const failing = await judged('failing');
    expect(failing.verdict).toBe('fail');
    expect(failing.reasons[0]).toMatch(/^error_ratio: fail\. [23]\d\.\d\d % of the predictions failed against /);
    const unfair = await judged('unfair');
    expect(unfair.verdict).toBe('inconclusive');
    expect(unfair.reasons.join(' ')).toContain('do not see the same inputs (size)');
  });

  test('is inconclusive with too few predictions, and refuses what cannot be compared', async () => {
    expect((await judged('young')).verdict).toBe('inconclusive');
    const same = await post('/v1/judge', { model: 'well', baseline: '1', canary: '1' });
    expect(same).toMatchObject({ status: 400, body: { detail: 'Baseline and canary are both version 1.' } });
    expect((await post('/v1/judge', { model: 'well', canary: '2', window: 'soon' })).status).toBe(400);
  });

  test('looked at again and again it fails early, but passes only a whole window', async () => {
    const early = await judged('well', { sequential: true });
    expect(early.verdict).toBe('inconclusive');
    expect(early.reasons).toEqual(['It is too early to pass: 20 of 30 minutes were seen.']);
    expect((await judged('well', { sequential: true, window: '20m' })).verdict).toBe('pass');
    expect((await judged('failing', { sequential: true })).verdict).toBe('fail');
  });
});

describe('rollout controllers', () => {
  test('Argo Rollouts gets 200 and a flat result, also where nothing is known', async () => {
    const good = await app.inject({ method: 'GET', url: '/v1/judge/argo?model=well&baseline=1&canary=2&window=20m' });
    expect(good.statusCode).toBe(200);
    expect(good.json()).toEqual({ data: { verdict: 'pass', score: 1, samples: 800, reasons: [] } });
    // Without names the newest version is judged against the most used other one.
    const bad = await post('/v1/judge/argo', { model: 'failing' });
    expect(bad).toMatchObject({ status: 200, body: { data: { verdict: 'fail' } } });
    const unknown = await post('/v1/judge/argo', { model: 'nobody' });
    expect(unknown).toMatchObject({
      status: 200,
      body: { data: { verdict: 'inconclusive', score: null, samples: 0 } },
    });
  });

  test('Flagger goes on at 200; for a rollback the answer is turned around', async () => {
    const ask = (model: string, type: string) =>
      post(`/v1/judge/flagger?type=${type}`, {
        name: 'fraud',
        namespace: 'prod',
        phase: 'Progressing',
        checksum: '85d557f47b',
        metadata: { model, window: '20m' },
      });
    expect(await ask('well', 'rollout')).toMatchObject({ status: 200, body: { verdict: 'pass' } });
    expect(await ask('failing', 'rollout')).toMatchObject({ status: 409, body: { verdict: 'fail' } });
    expect(await ask('failing', 'rollback')).toMatchObject({ status: 200 });
    expect(await ask('well', 'rollback')).toMatchObject({ status: 409 });
  });
});
