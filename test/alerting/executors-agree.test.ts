import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type AlertState, INACTIVE, isFiring, stepAlert } from '../../src/alerting/alert-state.ts';
import { compileGrafanaRules } from '../../src/alerting/compile-grafana.ts';
import { evaluateRange } from '../../src/alerting/evaluate-range.ts';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import type { Rule } from '../../src/alerting/rule.ts';
import { type RuleScenario, scenariosOf } from '../../src/alerting/rule-scenarios.ts';
import { SignalWindow } from '../../src/alerting/signal-window.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import type { SignalSeries } from '../../src/store/queries/signal-series.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { MINUTE, ruleOf, START } from './rules.ts';

// What the pack does not use: levels below the model, fleet, none, and every aggregate and baseline.
const OTHERS = [
  ruleOf(
    'ByGpu',
    'scope: gpu\nfor: 2m\nwhen:\n  all: [{ signal: gpu_utilization_ratio, above: 0.5, over: 5m, agg: p95 }, { signal: error_ratio, below: 0.6 }]',
  ),
  ruleOf(
    'BySegment',
    'scope: segment\nkeep_firing_for: 2m\nwhen:\n  all: [{ signal: error_ratio, above: 0.3, over: 4m, agg: min }, { signal: requests_per_second, above: 1, over: 4m, agg: max }]',
  ),
  ruleOf('Week', 'when: { signal: requests_per_second, above: { baseline: same-hour-last-week, times: 2 } }'),
  ruleOf(
    'Median',
    'when: { signal: latency_p95_seconds, above: { baseline: trailing-median, window: 30m, times: 1.5 } }',
  ),
  ruleOf('Peak', 'when: { signal: requests_per_second, below: { baseline: trailing-max, window: 12h, times: 0.3 } }'),
  ruleOf(
    'NoneOf',
    'when:\n  all:\n    - { signal: requests_per_second, above: 0 }\n    - none: [{ signal: error_ratio, above: 0.3 }, { signal: gpu_utilization_ratio, above: 0.5 }]',
  ),
];
const { rules: pack } = loadRules(await readRuleFiles(['alerts']));
const rules = [...pack, ...OTHERS];

const grafanaFile = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          title: z.string(),
          uid: z
            .string()
            .max(40)
            .regex(/^[\w-]+$/),
          for: z.string(),
          data: z.array(z.object({ refId: z.string(), model: z.object({ rawSql: z.string().optional() }) })),
        }),
      ),
    }),
  ),
});
const provisioned = grafanaFile.parse(parse(compileGrafanaRules(rules))).groups.flatMap((group) => group.rules);

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

async function insertSeries(series: readonly SignalSeries[]): Promise<void> {
  const rows = series.flatMap(({ points, ...place }) =>
    points.map(([t, value]) => ({
      ...place,
      t: t / 1000,
      value,
      state: 'ok',
      evaluated_at: new Date(START).toISOString(),
    })),
  );
  await running.store.insert('signals', rows);
}

/** The SQL of a query of a provisioned rule as Grafana sends it when it evaluates `minuteMs` 90 seconds after its begin. */
function sqlOf(rule: Rule, refId: string, minuteMs: number): string {
  const found = provisioned.find(({ title }) => title === rule.alert)?.data.find((query) => query.refId === refId);
  const toMs = minuteMs + 90_000;
  return expandMacros(found?.model.rawSql ?? '', { fromMs: toMs - 600_000, toMs, intervalMs: MINUTE });
}

/** What the rule's own query says of a model in the minutes; no entry where it has no row. */
async function askSql(rule: Rule, model: string, minutes: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const answers = new Map<number, number>();
  const where = rule.scope === 'fleet' ? '' : ` WHERE model = '${model}'`;
  for (let at = 0; at < minutes.length; at += 40) {
    const parts = minutes
      .slice(at, at + 40)
      .map(
        (minuteMs) =>
          `SELECT toUInt64(${minuteMs}) AS minute, firing FROM (${sqlOf(rule, 'FIRING', minuteMs)})${where}`,
      );
    const rows = await running.store.rows({ name: 'grafana', sql: parts.join('\nUNION ALL\n') });
    for (const { minute, firing } of z.array(z.object({ minute: z.number(), firing: z.number() })).parse(rows)) {
      answers.set(minute, Math.max(firing, answers.get(minute) ?? 0));
    }
  }
  return answers;
}

/** The minutes in which the rule fires when its condition holds in the given ones, with the timing of Grafana. */
function firingMinutes(rule: Rule, scenario: RuleScenario, holds: (minuteMs: number) => boolean): readonly number[] {
  let state: AlertState = INACTIVE;
  const firing: number[] = [];
  for (let minuteMs = scenario.incidentMs - 5 * MINUTE; minuteMs < scenario.toMs; minuteMs += MINUTE) {
    const verdict = holds(minuteMs) ? 'true' : 'false';
    const step = { verdict, minuteMs, forMs: rule.forMs, keepFiringForMs: rule.keepFiringForMs } as const;
    ({ state } = stepAlert(state, { ...step, episodeAt: String }));
    if (isFiring(state)) firing.push((minuteMs - scenario.incidentMs) / MINUTE);
  }
  return firing;
}

function nativeMinutes(
  rule: Rule,
  scenario: RuleScenario,
  series: readonly SignalSeries[],
): { firing: readonly number[]; changes: readonly number[] } {
  const window = new SignalWindow(series);
  const decide = (one: Rule) =>
    evaluateRange({
      rules: [one],
      window,
      alerts: new Map(),
      fromMs: scenario.incidentMs - 5 * MINUTE,
      toMs: scenario.toMs,
      threshold: () => undefined,
    }).changes;
  const bare = decide({ ...rule, forMs: 0, keepFiringForMs: 0, unless: [] });
  const ranges = decide({ ...rule, unless: [] });
  const firing: number[] = [];
  let isOn = false;
  for (let minuteMs = scenario.incidentMs - 5 * MINUTE; minuteMs < scenario.toMs; minuteMs += MINUTE) {
    for (const { atMs, transition } of ranges) {
      if (atMs === minuteMs && transition === 'firing') isOn = true;
      if (atMs === minuteMs && transition === 'resolved') isOn = false;
    }
    if (isOn) firing.push((minuteMs - scenario.incidentMs) / MINUTE);
  }
  return { firing, changes: bare.map(({ atMs }) => atMs) };
}

/** Minutes around those in which the native verdict changes, and a few between; of a silent case some of its incident. */
function asked(scenario: RuleScenario, changes: readonly number[]): readonly number[] {
  const minutes = new Set<number>();
  for (const atMs of [scenario.incidentMs, ...changes]) for (const shift of [-1, 0]) minutes.add(atMs + shift * MINUTE);
  const spanMs = scenario.toMs - scenario.incidentMs;
  for (const share of scenario.isSilent ? [0.3, 0.5] : [0.1, 0.2, 0.3, 0.5, 0.7, 0.9]) {
    minutes.add(scenario.incidentMs + Math.round((share * spanMs) / MINUTE) * MINUTE);
  }
  return [...minutes].filter((atMs) => atMs < scenario.toMs).sort((left, right) => left - right);
}

describe.each(rules)('rule $alert', (rule) => {
  const model = rule.alert.toLowerCase();
  const scenarios = scenariosOf(rule, { model, startMs: START });

  test('fires in the same minutes in Plumbline and by the SQL of its Grafana rule', async () => {
    for (const [index, scenario] of scenarios.entries()) {
      // Each case is a model of its own, but what is about the fleet has no model: its cases follow each other in time.
      const shiftMs = rule.scope === 'fleet' ? index * 7 * 86_400_000 : 0;
      const name = `${model}-${index}`;
      const shifted = scenario.series.map((one) => ({
        ...one,
        model: rule.scope === 'fleet' ? '' : name,
        points: one.points.map(([t, value]): [number, number] => [t + shiftMs, value]),
      }));
      const moved = {
        ...scenario,
        fromMs: scenario.fromMs + shiftMs,
        incidentMs: scenario.incidentMs + shiftMs,
        toMs: scenario.toMs + shiftMs,
      };
      await insertSeries(shifted);
      const native = nativeMinutes(rule, moved, shifted);
      const minutes = asked(moved, native.changes);
      const answers = await askSql(rule, name, minutes);
      let last = false;
      const holds = (minuteMs: number): boolean => {
        if (minutes.includes(minuteMs)) last = (answers.get(minuteMs) ?? 0) > 0.5;
        return last;
      };
      expect([scenario.name, firingMinutes(rule, moved, holds)]).toEqual([scenario.name, native.firing]);
      if (!scenario.isSilent) expect(native.firing.length).toBeGreaterThan(0);
    }
  });

  test('has a query for every value of its summary that runs on the engine', async () => {
    const [main] = scenarios;
    const queries = provisioned.find(({ title }) => title === rule.alert)?.data ?? [];
    for (const { refId, model: query } of queries) {
      if (query.rawSql === undefined || refId === 'FIRING') continue;
      const rows = await running.store.rows({ name: 'value', sql: sqlOf(rule, refId, main?.incidentMs ?? START) });
      for (const row of rows)
        expect(
          Object.values(z.record(z.string(), z.unknown()).parse(row)).filter((value) => typeof value === 'number'),
        ).toHaveLength(1);
    }
  });
});

test('an explaining alert that fires in Plumbline keeps the Grafana rule silent, until it is over', async () => {
  const rule = rules.find(({ alert }) => alert === 'GpuSaturatedAndLatencySloBreached');
  const [main] = rule === undefined ? [] : scenariosOf(rule, { model: 'explained', startMs: START });
  if (rule === undefined || main === undefined) throw new Error('The rule is gone.');
  await insertSeries(main.series);
  const history = (transition: string, minute: number) => ({
    at: new Date(main.incidentMs + minute * MINUTE).toISOString(),
    alert: 'GpuFaultOnServingNode',
    scope_key: 'explained',
    model: 'explained',
    transition,
    severity: 'critical',
    episode: 'e',
  });
  await running.store.insert('alert_history', [
    history('pending', 2),
    history('firing', 2),
    history('keep_firing', 4),
    history('resolved', 6),
  ]);
  const minutes = [1, 2, 3, 4, 5, 6].map((minute) => main.incidentMs + minute * MINUTE);
  const answers = await askSql(rule, 'explained', minutes);
  expect(minutes.map((minute) => answers.get(minute))).toEqual([1, 0, 0, 0, 0, 1]);
});
