import { expect, test } from 'vitest';
import { isFiring } from '../../src/alerting/alert-state.ts';
import { evaluateRange, type ThresholdOverride } from '../../src/alerting/evaluate-range.ts';
import type { Rule } from '../../src/alerting/rule.ts';
import { SignalWindow } from '../../src/alerting/signal-window.ts';
import type { SignalSeries } from '../../src/store/queries/signal-series.ts';
import { flat, MINUTE, ruleOf, seriesOf, START } from './rules.ts';

function replay(
  rules: readonly Rule[],
  series: readonly SignalSeries[],
  options: { readonly minutes?: number; readonly threshold?: ThresholdOverride } = {},
) {
  const { minutes = 10, threshold = () => undefined } = options;
  return evaluateRange({
    rules,
    window: new SignalWindow(series),
    alerts: new Map(),
    fromMs: START,
    toMs: START + minutes * MINUTE,
    threshold,
  });
}

/** The changes as "minute alert scope transition". */
function told(result: ReturnType<typeof replay>): readonly string[] {
  return result.changes
    .filter(({ transition }) => transition === 'firing' || transition === 'resolved')
    .map(({ atMs, alert, transition }) => `${(atMs - START) / MINUTE} ${alert.alert} ${alert.scopeKey} ${transition}`);
}

const busy = ruleOf(
  'BusyAndSlow',
  `
when:
  all:
    - { signal: gpu_utilization_ratio, above: 0.85 }
    - { signal: latency_p99_seconds, above: slo_latency_p99_seconds }
    - { signal: requests_per_second, above: 1 }
`,
);
const healthy = {
  gpu: flat(0.95, 10),
  p99: flat(0.46, 10),
  slo: flat(0.2, 10),
  rate: flat(12, 10),
};
const four = (change: Partial<Record<keyof typeof healthy, readonly (number | null)[]>>) => {
  const { gpu, p99, slo, rate } = { ...healthy, ...change };
  return [
    seriesOf('gpu_utilization_ratio', gpu),
    seriesOf('latency_p99_seconds', p99),
    seriesOf('slo_latency_p99_seconds', slo),
    seriesOf('requests_per_second', rate),
  ];
};

test.each([
  { name: 'fires when all of its signals are bad', change: {}, expected: ['0 BusyAndSlow m firing'] },
  { name: 'is silent when the GPU alone is fine', change: { gpu: flat(0.85, 10) }, expected: [] },
  { name: 'is silent when the latency alone is fine', change: { p99: flat(0.2, 10) }, expected: [] },
  { name: 'is silent when there is no traffic', change: { rate: flat(1, 10) }, expected: [] },
  { name: 'is silent when a signal is absent', change: { gpu: [] }, expected: [] },
  { name: 'is silent when the signal to compare with is absent', change: { slo: [] }, expected: [] },
  {
    name: 'resolves when a signal loses its data',
    change: { gpu: [...flat(0.95, 4), ...flat(null, 6)] },
    expected: ['0 BusyAndSlow m firing', '4 BusyAndSlow m resolved'],
  },
])('a compound rule $name', ({ change, expected }) => {
  expect(told(replay([busy], four(change)))).toEqual(expected);
});

test('the alert says the values of every signal and each compare with its numbers', () => {
  const { changes } = replay([{ ...busy, summary: '{{model}} {{gpu_utilization_ratio}} {{error_ratio}}' }], four({}));
  expect(changes[0]?.alert.values).toEqual({
    gpu_utilization_ratio: 0.95,
    latency_p99_seconds: 0.46,
    slo_latency_p99_seconds: 0.2,
    requests_per_second: 12,
  });
  expect(changes[0]?.alert.summary).toBe('m 95% no data');
  expect(changes[0]?.conditions).toEqual([
    'gpu_utilization_ratio 95% above 85%',
    'latency_p99_seconds 460ms above 200ms',
    'requests_per_second 12/s above 1/s',
  ]);
});

test('any and none nest, and a compare without data makes none of it true', () => {
  const rule = ruleOf(
    'Nested',
    `
when:
  all:
    - { signal: requests_per_second, above: 1 }
    - any: [{ signal: error_ratio, above: 0.1 }, { signal: latency_p95_seconds, above: 1 }]
    - none: [{ signal: gpu_utilization_ratio, above: 0.5 }]
`,
  );
  const rate = seriesOf('requests_per_second', flat(5, 6));
  const errors = seriesOf('error_ratio', [0.2, 0.2, 0.2, 0.0, 0.0, 0.0]);
  const p95 = seriesOf('latency_p95_seconds', [0, 0, 0, 2, 0, 2]);
  const gpu = seriesOf('gpu_utilization_ratio', [0.9, 0.2, null, 0.2, 0.2, 0.9]);
  const states = [0, 1, 2, 3, 4, 5].map((minute) => {
    const { alerts } = replay([rule], [rate, errors, p95, gpu], { minutes: minute + 1 });
    return [...alerts.values()].some(({ state }) => isFiring(state));
  });
  expect(states).toEqual([false, true, true, true, false, false]);
});

test('a rule for which no signal has a value is not true even when it asks for none', () => {
  const rule = ruleOf('Quiet', 'when:\n  none: [{ signal: requests_per_second, above: 1 }]\n');
  const series = [seriesOf('requests_per_second', [5, null, 0.5, null])];
  expect(told(replay([rule], series, { minutes: 4 }))).toEqual(['2 Quiet m firing', '3 Quiet m resolved']);
});

test.each([
  { aggregate: 'avg', above: 3.9, below: 4.1 },
  { aggregate: 'max', above: 8.9, below: 9.1 },
  { aggregate: 'min', above: 0.9, below: 1.1 },
  { aggregate: 'last', above: 1.9, below: 2.1 },
  // Sorted 1 2 4 4 9: rank 0.95 * 4 = 3.8, 4 + 0.8 * (9 - 4) = 8.
  { aggregate: 'p95', above: 7.99, below: 8.01 },
])('over 5m takes the $aggregate of the last five minutes, and of nothing older', ({ aggregate, above, below }) => {
  const values = [99, 99, 4, 1, 9, 4, 2];
  const compare = (side: string, value: number) =>
    ruleOf('Over', `when: { signal: requests_per_second, ${side}: ${value}, over: 5m, agg: ${aggregate} }\n`);
  const at = (rule: Rule) => {
    const result = evaluateRange({
      rules: [rule],
      window: new SignalWindow([seriesOf('requests_per_second', values)]),
      alerts: new Map(),
      fromMs: START + 6 * MINUTE,
      toMs: START + 7 * MINUTE,
      threshold: () => undefined,
    });
    return result.alerts.size;
  };
  expect([at(compare('above', above)), at(compare('below', below))]).toEqual([1, 1]);
  expect([at(compare('above', below)), at(compare('below', above))]).toEqual([0, 0]);
});

test('a signal of features holds when any feature does, for above and for below', () => {
  const above = ruleOf('Missing', 'when: { signal: feature_missing_ratio, above: 0.5, over: 2m, agg: min }\n');
  const below = ruleOf('Gone', 'when: { signal: feature_missing_ratio, below: 0.1 }\n');
  const series = [
    seriesOf('feature_missing_ratio', [0.9, 0.2, 0.2, 0.2], { feature: 'a' }),
    seriesOf('feature_missing_ratio', [0.2, 0.9, 0.9, 0.05], { feature: 'b' }),
  ];
  expect(told(replay([above, below], series, { minutes: 4 }))).toEqual([
    '0 Missing m firing',
    '1 Missing m resolved',
    '2 Missing m firing',
    '3 Missing m resolved',
    '3 Gone m firing',
  ]);
});

test('a baseline is the median of what was, or the mean of the hour around the minute a week ago', () => {
  const median = ruleOf(
    'Median',
    'when: { signal: error_ratio, above: { baseline: trailing-median, times: 2, window: 20m } }\n',
  );
  const quiet = seriesOf('error_ratio', [...flat(0.1, 9), 0.21, 0.19, 0.21, ...flat(0.5, 30)]);
  // Nine values are no baseline; the tenth makes one. When what is new is half of the window, it is the usual.
  expect(told(replay([median], [quiet], { minutes: 40 }))).toEqual([
    '9 Median m firing',
    '10 Median m resolved',
    '11 Median m firing',
    '21 Median m resolved',
  ]);
  const week = 7 * 1440;
  const lastWeek = ruleOf(
    'Week',
    'when: { signal: error_ratio, above: { baseline: same-hour-last-week, times: 2 } }\n',
  );
  const past = Array.from({ length: week }, (_, minute) => (minute > 30 && minute <= 90 ? 0.3 : 0.1));
  const series = seriesOf('error_ratio', [...past, ...flat(0.5, 180)]);
  const result = evaluateRange({
    rules: [lastWeek],
    window: new SignalWindow([series]),
    alerts: new Map(),
    fromMs: START + week * MINUTE,
    toMs: START + (week + 180) * MINUTE,
    threshold: () => undefined,
  });
  // The mean of minutes (t - 30, t + 30] passes 0.25 when 45 of them are from the busy hour.
  const minutes = result.changes
    .filter(({ transition }) => transition !== 'pending')
    .map(({ atMs }) => (atMs - START) / MINUTE - week);
  expect(minutes).toEqual([0, 45, 76]);
});

test('a factor on another signal and a threshold of one model move the bound', () => {
  const times = ruleOf(
    'Times',
    'when: { signal: latency_p99_seconds, above: { signal: slo_latency_p99_seconds, times: 2 } }\n',
  );
  expect(told(replay([times], four({ p99: [0.39, 0.41, 0.4] })))).toEqual(['1 Times m firing', '2 Times m resolved']);
  const number = ruleOf('Busy', 'when: { signal: gpu_utilization_ratio, above: 0.85 }\n');
  const gpus = [seriesOf('gpu_utilization_ratio', [0.9]), seriesOf('gpu_utilization_ratio', [0.9], { model: 'other' })];
  const threshold: ThresholdOverride = (model, alert, signal) =>
    model === 'm' && alert === 'Busy' && signal === 'gpu_utilization_ratio' ? 0.95 : undefined;
  expect(told(replay([number], gpus, { minutes: 1, threshold }))).toEqual(['0 Busy other firing']);
});

test('a rule stays silent for a model for which its explanation fires, in the same minute', () => {
  const fault = ruleOf('Fault', 'when: { signal: gpu_xid_changes, above: 0 }\n');
  const explained = ruleOf('Busy', 'unless: [Fault]\nwhen: { signal: gpu_utilization_ratio, above: 0.85 }\n');
  const series = [
    seriesOf('gpu_xid_changes', [0, 0, 1, 0]),
    seriesOf('gpu_utilization_ratio', flat(0.9, 4)),
    seriesOf('gpu_utilization_ratio', flat(0.9, 4), { model: 'other' }),
  ];
  expect(told(replay([fault, explained], series, { minutes: 4 }))).toEqual([
    '0 Busy m firing',
    '0 Busy other firing',
    '2 Fault m firing',
    '2 Busy m resolved',
    '3 Fault m resolved',
    '3 Busy m firing',
  ]);
});

test('an alert about the fleet explains the alerts of every model, one about a GPU of no model explains none', () => {
  const fleet = ruleOf('Campaign', 'scope: fleet\nwhen: { signal: business_visits, above: 10 }\n');
  const gpu = ruleOf('Hot', 'scope: gpu\nwhen: { signal: gpu_temperature_celsius, above: 90 }\n');
  const explained = ruleOf('Busy', 'unless: [Campaign, Hot]\nwhen: { signal: gpu_utilization_ratio, above: 0.85 }\n');
  const series = [
    seriesOf('business_visits', [0, 20], { model: '' }),
    seriesOf('gpu_temperature_celsius', [95, 95], { model: '', gpu: 'GPU-9' }),
    seriesOf('gpu_utilization_ratio', [0.9, 0.9]),
  ];
  expect(told(replay([fleet, gpu, explained], series, { minutes: 2 }))).toEqual([
    '0 Hot [GPU-9] firing',
    '0 Busy m firing',
    '1 Campaign fleet firing',
    '1 Busy m resolved',
  ]);
});

test('a rule by version reads values of the version where there are any and of the model where not', () => {
  const rule = ruleOf(
    'SlowVersion',
    'scope: version\nwhen:\n  all:\n    - { signal: latency_p99_seconds, above: slo_latency_p99_seconds }\n    - { signal: gpu_utilization_ratio, above: 0.5 }\n',
  );
  const series = [
    seriesOf('latency_p99_seconds', [0.9]),
    seriesOf('latency_p99_seconds', [0.1], { version: '1' }),
    seriesOf('latency_p99_seconds', [0.9], { version: '2' }),
    seriesOf('slo_latency_p99_seconds', [0.2]),
    seriesOf('gpu_utilization_ratio', [0.9]),
  ];
  expect(told(replay([rule], series, { minutes: 1 }))).toEqual(['0 SlowVersion m@2 firing']);
});
