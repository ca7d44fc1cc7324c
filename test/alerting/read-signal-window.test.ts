import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAlertStore } from '../../src/alerting/alert-store.ts';
import { evaluateRange } from '../../src/alerting/evaluate-range.ts';
import { plannedReads, readSignalWindow } from '../../src/alerting/read-signal-window.ts';
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
  const window = await readSignalWindow({ rules, ...range, read: (query) => alertStore.readSeries(query) });
  const { changes } = evaluateRange({ rules, window, alerts: new Map(), ...range, threshold: () => undefined });
  expect(changes.filter(({ transition }) => transition === 'firing').map(({ rule }) => rule.alert)).toEqual([
    'Missing',
    'Week',
  ]);
});
