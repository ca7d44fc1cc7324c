import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { NDJSON, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

const MINUTE = 60_000;
const ERRORS = 14;
let service: Service;
let startMs: number;

beforeAll(async () => {
  service = await startInProcess({
    models: [
      { name: 'shop', slo: { error_ratio: 0.01 } },
      { name: 'lenient', slo: { error_ratio: 0.01 }, rules: { ErrorBudgetBurnsFast: { error_budget_burn_1h: 90 } } },
      { name: 'ranker' },
      { name: 'steady', slo: { error_ratio: 0.01, latency_p99_seconds: 0.05 } },
    ],
  });
  startMs = Math.floor(Date.now() / MINUTE) * MINUTE - 80 * MINUTE;
});
afterAll(async () => {
  await service.stop();
});

interface Traffic {
  readonly model: string;
  readonly version: string;
  readonly latencyMs: number;
  readonly from: number;
  readonly to: number;
  readonly status?: string;
}

/** Seventy predictions a minute, more than one a second. */
function traffic({ model, version, latencyMs, from, to, status = 'ok' }: Traffic): readonly string[] {
  return Array.from({ length: (to - from) * 70 }, (_, index) =>
    JSON.stringify({
      prediction_id: `${model}-${version}-${from}-${index}`,
      ts: startMs + (from + Math.floor(index / 70)) * MINUTE + (index % 70),
      model,
      version,
      features: { x: index % 7 },
      latency_ms: latencyMs,
      status,
    }),
  );
}

test('records that come in become the alerts of the pack, and only those', { timeout: 180_000 }, async () => {
  const bad = 60;
  const end = bad + ERRORS;
  const lines = [
    ...['shop', 'lenient'].flatMap((model) => [
      ...traffic({ model, version: '1', latencyMs: 10, from: 0, to: bad }),
      ...traffic({ model, version: '1', latencyMs: 10, from: bad, to: end, status: 'error' }),
    ]),
    ...traffic({ model: 'steady', version: '1', latencyMs: 10, from: 0, to: end }),
    ...traffic({ model: 'ranker', version: '1', latencyMs: 10, from: bad - 5, to: end }),
    ...traffic({ model: 'ranker', version: '2', latencyMs: 100, from: bad, to: end }),
  ];
  const sent = await request(`${service.url}/v1/predictions`, { body: lines.join('\n'), headers: NDJSON });
  expect(sent.receipt()).toMatchObject({ accepted: lines.length, rejected: 0 });
  await service.loop.evaluateRange({ fromMs: startMs, toMs: startMs + bad * MINUTE }, []);
  for (let minute = bad; minute < end; minute += 1) await service.loop.runMinute(startMs + minute * MINUTE);
  const answer = await request(`${service.url}/v1/alerts?state=firing`);
  const firing = z.array(z.object({ alert: z.string(), model: z.string(), summary: z.string() })).parse(answer.json());
  // Evaluated an hour late, in a row: that is said too.
  expect(firing.map(({ alert, model }) => `${alert} ${model}`).sort()).toEqual([
    'CanaryRegression ranker',
    'ErrorBudgetBurnsFast shop',
    'EvaluationLagging ',
  ]);
  const canary = firing.find(({ alert }) => alert === 'CanaryRegression');
  expect(canary?.summary).toMatch(/^ranker@2: \d+m 0s old, p99 (9\d|10\d)(\.\d+)?ms against (9|10)(\.\d+)?ms/);
});

test('a threshold for a rule or signal that is not there stops the start with the closest name', async () => {
  const start = (rules: Readonly<Record<string, Record<string, number>>>) =>
    startInProcess({ models: [{ name: 'm', rules }] });
  await expect(start({ ErrorBudgetBurnFast: { error_budget_burn_1h: 1 } })).rejects.toThrow(
    'models[0].rules.ErrorBudgetBurnFast (model m): no loaded rule is called so; the closest is ErrorBudgetBurnsFast.',
  );
  await expect(start({ ErrorBudgetBurnsFast: { error_budget_burn: 1 } })).rejects.toThrow(
    'models[0].rules.ErrorBudgetBurnsFast.error_budget_burn: the rule compares with a number only error_budget_burn_5m, error_budget_burn_1h, requests_per_second; the closest is error_budget_burn_5m.',
  );
});
