import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createAlertStore } from '../../src/alerting/alert-store.ts';
import { conditionSql } from '../../src/alerting/condition-sql.ts';
import { evaluateRange } from '../../src/alerting/evaluate-range.ts';
import { plannedPeaks, plannedReads, readSignalWindow } from '../../src/alerting/read-signal-window.ts';
import { rollUpSignalHours } from '../../src/analysis/minute/roll-signal-hours.ts';
import { systemClock } from '../../src/core/clock.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { MINUTE, ruleOf, START } from './rules.ts';

const WEEK = 7 * 1440 * MINUTE;
let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

const worst = ruleOf('Missing', 'when: { signal: feature_missing_ratio, above: 0.5 }');
const lastWeek = ruleOf('Week', 'when: { signal: error_ratio, above: { baseline: same-hour-last-week, times: 2 } }');
const looksBack = ruleOf('Back', 'when: { signal: error_ratio, above: 0.9, over: 10m }');

test('of each signal the minutes, the ranges and the hour a week ago are read once, and nothing between', () => {
  const span = { fromMs: START, toMs: START + MINUTE };
  expect(plannedReads([worst, lastWeek, looksBack], span)).toEqual([
    { ...span, signals: ['feature_missing_ratio'] },
    { fromMs: START - WEEK - 30 * MINUTE, toMs: START - WEEK + 31 * MINUTE, signals: ['error_ratio'] },
    { fromMs: START - 10 * MINUTE, toMs: START + MINUTE, signals: ['error_ratio'] },
  ]);
});

test('stored values of features and of last week reach the rules', async () => {
  const row = (signal: string, minute: number, value: number, feature = '') => ({
    t: (START + minute * MINUTE) / 1000,
    signal,
    model: 'm',
    feature,
    value,
    state: 'ok',
    evaluated_at: new Date(START).toISOString(),
  });
  const past = Array.from({ length: 40 }, (_, index) => row('error_ratio', index - WEEK / MINUTE - 20, 0.1));
  await running.store.insert('signals', [
    row('feature_missing_ratio', 0, 0.1, 'a'),
    row('feature_missing_ratio', 0, 0.6, 'b'),
    row('error_ratio', 0, 0.21),
    ...past,
  ]);
  const alertStore = createAlertStore({ store: running.store, clock: systemClock });
  const rules = [worst, lastWeek, looksBack];
  const range = { fromMs: START, toMs: START + MINUTE };
  const window = await readSignalWindow({ rules, ...range, store: alertStore });
  const { changes } = evaluateRange({ rules, window, alerts: new Map(), ...range, threshold: () => undefined });
  expect(changes.filter(({ transition }) => transition === 'firing').map(({ rule }) => rule.alert)).toEqual([
    'Missing',
    'Week',
  ]);
});

const farFromPeak = ruleOf(
  'FarFromPeak',
  'when: { signal: requests_per_second, below: { baseline: trailing-max, window: 1d, times: 0.3 } }',
);
const PEAK_MINUTE = Date.UTC(2026, 3, 2, 7, 20);

test('of a peak only the minutes at both ends are read; the full hours between are read as sums', () => {
  const span = { fromMs: PEAK_MINUTE, toMs: PEAK_MINUTE + MINUTE };
  const [first, last] = [Date.UTC(2026, 3, 1, 8), Date.UTC(2026, 3, 2, 7)];
  expect(plannedReads([farFromPeak], span)).toEqual([
    { fromMs: PEAK_MINUTE - 1440 * MINUTE, toMs: first, signals: ['requests_per_second'] },
    { fromMs: last, toMs: PEAK_MINUTE + MINUTE, signals: ['requests_per_second'] },
  ]);
  expect(plannedPeaks([farFromPeak], span)).toEqual([
    { fromMs: first, toMs: last, durationMs: 1440 * MINUTE, signals: ['requests_per_second'] },
  ]);
});

test('a peak is the same from sums of hours as from minutes, in Plumbline and in the SQL of Grafana', async () => {
  const { store } = running;
  // The minute itself is 2.9: far from a peak of 9.7 or 50, not from one of 2. The 100 is of a minute without data.
  const write = (model: string, from: number, count: number, value: string, state = "'ok'") =>
    store.command({
      name: 'write',
      sql: `INSERT INTO signals SELECT toDateTime(${from / 1000}, 'UTC') + 60 * number, 'requests_per_second', '${model}', '', '', '', '', ${value}, ${state}, now64(3) FROM numbers(${count})`,
    });
  const at = (minutes: number): number => PEAK_MINUTE + minutes * MINUTE;
  await write('steady', at(-1500), 1500, 'if(number = 700, 100, 2)', "if(number = 700, 'no_data', 'ok')");
  await write('far', at(-1500), 1500, 'if(number = 700, 9.7, 2)');
  await write('rewritten', at(-1500), 1500, '2');
  // A tenth of a day is 144 minutes, with the minute itself.
  await write('new', at(-143), 142, 'if(number = 20, 50, 2)');
  await write('known', at(-143), 143, 'if(number = 20, 50, 2)');
  // Left the window in the very minute.
  await write('past', at(-1441), 2, '50');
  await write('past', at(-1439), 1439, '2');
  await write('head', at(-1439), 1439, 'if(number = 0, 50, 2)');
  for (const model of ['steady', 'far', 'rewritten', 'new', 'known', 'past', 'head'])
    await write(model, at(0), 1, '2.9');
  expect(await rollUpSignalHours({ store, quietSeconds: 0 })).toBeGreaterThan(20);
  await write('rewritten', at(-600), 1, '50');

  const native = async (): Promise<readonly string[]> => {
    const range = { fromMs: at(0), toMs: at(1) };
    const alertStore = createAlertStore({ store, clock: systemClock });
    const window = await readSignalWindow({ rules: [farFromPeak], ...range, store: alertStore });
    const options = { rules: [farFromPeak], window, alerts: new Map(), ...range, threshold: () => undefined };
    const { changes } = evaluateRange(options);
    return changes
      .filter(({ transition }) => transition === 'firing')
      .map(({ alert }) => alert.scopeKey)
      .sort();
  };
  const grafana = async (): Promise<readonly string[]> => {
    const minute = `toDateTime(${at(0) / 1000}, 'UTC')`;
    const sql = conditionSql(farFromPeak, { minute, thresholdsFor: () => [], isFleetAlert: () => false });
    const rows = await store.rows({ name: 'grafana', sql });
    const found = z.array(z.object({ model: z.string(), firing: z.number() })).parse(rows);
    return found
      .filter(({ firing }) => firing === 1)
      .map(({ model }) => model)
      .sort();
  };
  const expected = ['far', 'head', 'known', 'rewritten'];
  expect([await native(), await grafana()]).toEqual([expected, expected]);
  // Without their minutes the sums still say it; an hour that was written since is read by minutes.
  await store.command({
    name: 'empty',
    sql: `ALTER TABLE signals_by_day DELETE WHERE t = toDateTime(${at(-800) / 1000}, 'UTC') SETTINGS mutations_sync = 2`,
  });
  expect([await native(), await grafana()]).toEqual([expected, expected]);
});
