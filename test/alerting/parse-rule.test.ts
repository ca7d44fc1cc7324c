import { expect, test } from 'vitest';
import { parseRule } from '../../src/alerting/parse-rule.ts';

const parse = (text: string) => parseRule({ file: 'rules/x.yaml', text });

const rule = (change: { readonly head?: string; readonly when?: string }): string => `
alert: GpuBusy
severity: warning
summary: "{{model}}"
runbook: GpuBusy
${change.head ?? ''}
when:
${change.when ?? '  { signal: gpu_utilization_ratio, above: 0.85 }'}
`;

test('a rule with every part is read with durations in milliseconds and defaults filled in', () => {
  const parsed = parse(`
alert: SlowCanary
severity: critical
scope: version
for: 90s
keep_firing_for: 1h
when:
  all:
    - { signal: latency_p99_seconds, above: { signal: slo_latency_p99_seconds, times: 1.2 }, over: 30m, agg: p95 }
    - any:
        - { signal: error_ratio, above: 0.01 }
        - none: [{ signal: requests_per_second, below: slo_error_ratio, over: 2d }]
unless: [GpuFault]
owner: ranking
labels: { team: ml }
summary: "{{model}}@{{version}} {{ latency_p99_seconds }}"
description: Slow.
runbook: https://example.com/slow
actions: [page, "webhook:rollback", page]
`);
  expect(parsed).toEqual({
    alert: 'SlowCanary',
    severity: 'critical',
    scope: 'version',
    forMs: 90_000,
    keepFiringForMs: 3_600_000,
    when: {
      kind: 'all',
      of: [
        {
          kind: 'compare',
          signal: 'latency_p99_seconds',
          op: 'above',
          bound: { kind: 'signal', signal: 'slo_latency_p99_seconds', times: 1.2 },
          range: { durationMs: 1_800_000, aggregate: 'p95' },
        },
        {
          kind: 'any',
          of: [
            {
              kind: 'compare',
              signal: 'error_ratio',
              op: 'above',
              bound: { kind: 'number', value: 0.01 },
              range: undefined,
            },
            {
              kind: 'none',
              of: [
                {
                  kind: 'compare',
                  signal: 'requests_per_second',
                  op: 'below',
                  bound: { kind: 'signal', signal: 'slo_error_ratio', times: 1 },
                  range: { durationMs: 172_800_000, aggregate: 'avg' },
                },
              ],
            },
          ],
        },
      ],
    },
    unless: ['GpuFault'],
    owner: 'ranking',
    labels: { team: 'ml' },
    summary: '{{model}}@{{version}} {{ latency_p99_seconds }}',
    description: 'Slow.',
    runbook: 'https://example.com/slow',
    actions: ['page', 'webhook:rollback'],
  });
  expect(parse(rule({}))).toMatchObject({
    scope: 'model',
    forMs: 0,
    keepFiringForMs: 0,
    unless: [],
    labels: {},
    actions: [],
  });
});

test.each([
  [
    'a mistyped signal',
    { when: '  all: [{ signal: latency_p99_second, above: 1 }]' },
    'when.all[0].signal: there is no signal "latency_p99_second"; the closest is latency_p99_seconds.',
  ],
  [
    'a mistyped signal to compare with',
    { when: '  { signal: error_ratio, above: slo_latncy_p99_seconds }' },
    'when.above: there is no signal "slo_latncy_p99_seconds"; the closest is slo_latency_p99_seconds.',
  ],
  [
    'a name like nothing known',
    { when: '  { signal: zzz, above: 1 }' },
    'when.signal: there is no signal "zzz"; the names are listed in the catalogue of signals.',
  ],
  [
    'a signal that only features have',
    { head: 'scope: version', when: '  { signal: feature_psi, above: 0.2 }' },
    'when.signal: signal feature_psi has values per feature only, so a rule of scope version cannot read it.',
  ],
  [
    'a scope that no signal has',
    { head: 'scope: gpu', when: '  { signal: error_ratio, above: 0.2 }' },
    'scope: no signal that the rule compares has values per gpu.',
  ],
  [
    'an unknown key',
    { head: 'treshold: 3' },
    'the rule has the unknown key "treshold"; allowed are alert, severity, scope, for, keep_firing_for, when, unless, owner, labels, summary, description, runbook, actions.',
  ],
  [
    'an unknown key in a compare',
    { when: '  all:\n    - { signal: error_ratio, abov: 1 }' },
    'when.all[0] has the unknown key "abov"; allowed are signal, above, below, over, agg; the closest is above.',
  ],
  [
    'a signal of features to compare with',
    { when: '  { signal: drift_score, above: feature_psi }' },
    'when.above: signal feature_psi has no value per model, so nothing can be compared with it.',
  ],
  [
    'a signal of features to compare with its past',
    { when: '  { signal: feature_psi, above: { baseline: trailing-median, times: 2 } }' },
    'when.above: signal feature_psi has no value per model, so nothing can be compared with it.',
  ],
  [
    'an unknown baseline',
    { when: '  { signal: error_ratio, above: { baseline: yesterday } }' },
    'when.above.baseline must be one of same-hour-last-week, trailing-median, trailing-max.',
  ],
  [
    'an unknown key beside a baseline',
    { when: '  { signal: error_ratio, above: { baseline: trailing-median, over: 1h } }' },
    'when.above has the unknown key "over"; allowed are baseline, times, signal, window.',
  ],
  [
    'a window for a baseline that has none',
    { when: '  { signal: error_ratio, above: { baseline: same-hour-last-week, window: 1h } }' },
    'when.above.window belongs to baseline trailing-median and trailing-max only.',
  ],
  [
    'a window that is too short',
    { when: '  { signal: error_ratio, above: { baseline: trailing-median, window: 5m } }' },
    'when.above.window must be from 10m to 7d.',
  ],
  [
    'a compare with the own peak that nothing can exceed',
    { when: '  { signal: error_ratio, above: { baseline: trailing-max } }' },
    'when.above needs times below 1 with trailing-max: the minute itself counts, so nothing is above its own peak.',
  ],
  [
    'a mistyped signal of a baseline',
    { when: '  { signal: error_ratio, above: { baseline: trailing-median, signal: eror_ratio } }' },
    'when.above: there is no signal "eror_ratio"; the closest is error_ratio.',
  ],
  ['a compare without a side', { when: '  { signal: error_ratio }' }, 'when must have exactly one of above and below.'],
  [
    'a compare with both sides',
    { when: '  { signal: error_ratio, above: 1, below: 0 }' },
    'when must have exactly one of above and below.',
  ],
  [
    'a factor without its signal',
    { when: '  { signal: error_ratio, above: { times: 2 } }' },
    'when.above.signal is required.',
  ],
  [
    'an unknown key beside a factor',
    { when: '  { signal: error_ratio, above: { signal: error_ratio, times: 2, plus: 1 } }' },
    'when.above has the unknown key "plus"; allowed are signal, times.',
  ],
  [
    'a list as a bound',
    { when: '  { signal: error_ratio, above: [1] }' },
    'when.above must be a number, the name of a signal, {signal, times}, or {baseline, times, signal, window}.',
  ],
  [
    'agg without over',
    { when: '  { signal: error_ratio, above: 1, agg: max }' },
    'when.agg needs over, the time to aggregate.',
  ],
  [
    'an unknown agg',
    { when: '  { signal: error_ratio, above: 1, over: 5m, agg: median }' },
    'when.agg must be one of avg, max, min, last, p95.',
  ],
  ['a bad duration', { head: 'for: 5 minutes' }, 'for must be a duration such as 30s, 5m, 1h or 2d.'],
  [
    'a range of no length',
    { when: '  { signal: error_ratio, above: 1, over: 0m }' },
    'when.over must be longer than 0.',
  ],
  ['an unknown scope', { head: 'scope: cluster' }, 'scope must be one of model, version, segment, gpu, fleet.'],
  [
    'a scope in the plural',
    { head: 'scope: models' },
    'scope must be one of model, version, segment, gpu, fleet; the closest is model.',
  ],
  [
    'an action with more letters',
    { head: 'actions: [pager]' },
    'actions[0] must be page, notify, retrain or webhook:<name>; the closest is page.',
  ],
  ['an action that is no list', { head: 'actions: page' }, 'actions must be a list such as [page].'],
  ['a duration without a unit', { head: 'for: 5' }, 'for must be a duration such as 30s, 5m, 1h or 2d.'],
  ['a range of months', { when: '  { signal: error_ratio, above: 1, over: 30d }' }, 'when.over must be at most 7d.'],
  [
    'the beginning of a signal',
    { when: '  { signal: latency_p99, above: 1 }' },
    'when.signal: there is no signal "latency_p99"; the closest is latency_p99_seconds.',
  ],
  [
    'a number in quotes',
    { when: '  { signal: error_ratio, above: "0.1" }' },
    'when.above: "0.1" is text, not a number; write 0.1.',
  ],
  [
    'a percentage',
    { when: '  { signal: error_ratio, above: 10% }' },
    'when.above: "10%" is text, not a number; write 0.1.',
  ],
  [
    'a mistyped kind of condition',
    { when: '  { all: [{ al: [] }] }' },
    'when.all[0] must have one of all, any, none or signal, but has "al"; the closest is all.',
  ],
  [
    'an unknown kind of condition',
    { when: '  and: []' },
    'when must have one of all, any, none or signal, but has "and"; the closest is all.',
  ],
  [
    'a condition that is text',
    { when: '  error_ratio > 1' },
    'when must be a condition: one of all, any, none, or a compare with signal.',
  ],
  [
    'two kinds in one condition',
    { when: '  { all: [{ signal: error_ratio, above: 1 }], any: [] }' },
    'when has the unknown key "any"; allowed are all.',
  ],
  ['an empty list of conditions', { when: '  all: []' }, 'when.all must list at least one condition.'],
  ['an unknown action', { head: 'actions: [call]' }, 'actions[0] must be page, notify, retrain or webhook:<name>.'],
  ['a reserved label', { head: 'labels: { model: x }' }, 'labels: model is set by the alert itself.'],
  ['a rule that explains itself', { head: 'unless: [GpuBusy]' }, 'unless: GpuBusy cannot explain itself.'],
])('%s is refused with a sentence', (_, change, sentence) => {
  expect(() => parse(rule(change))).toThrow(`rules/x.yaml: ${sentence}`);
});

test('a baseline is a range of the past of the compared signal, or of the one it names', () => {
  const bounds = (text: string) => {
    const { when } = parse(rule({ when: `  { signal: error_ratio, above: ${text} }` }));
    return when.kind === 'compare' ? when.bound : undefined;
  };
  expect(bounds('{ baseline: trailing-median, times: 3 }')).toEqual({
    kind: 'signal',
    signal: 'error_ratio',
    times: 3,
    range: { durationMs: 86_400_000, aggregate: 'median', atLeast: 10 },
  });
  expect(bounds('{ baseline: trailing-median, window: 6h, signal: slo_error_ratio }')).toEqual({
    kind: 'signal',
    signal: 'slo_error_ratio',
    times: 1,
    range: { durationMs: 21_600_000, aggregate: 'median', atLeast: 10 },
  });
  expect(bounds('{ baseline: trailing-max, window: 7d, times: 0.3 }')).toMatchObject({
    times: 0.3,
    range: { durationMs: 604_800_000, aggregate: 'max', atLeast: 1008 },
  });
  expect(bounds('{ baseline: same-hour-last-week }')).toMatchObject({
    range: { durationMs: 3_600_000, aggregate: 'avg', offsetMs: 7 * 86_400_000 - 1_800_000 },
  });
});

test('a rule without runbook, and text that is not YAML, name what is missing and the line', () => {
  expect(() => parse(rule({}).replace('runbook: GpuBusy', ''))).toThrow('rules/x.yaml: runbook is required.');
  expect(() => parse(rule({ head: 'severity: high' }))).toThrow(
    'rules/x.yaml: is not valid YAML at line 6: Map keys must be unique',
  );
  expect(() => parse(rule({}).replace('warning', 'high'))).toThrow(
    'rules/x.yaml: severity must be one of critical, warning, info.',
  );
  expect(() => parse(rule({}).replace('{{model}}', '{{modell}}'))).toThrow(
    'summary: {{modell}}: there is no signal "modell"; the closest is model.',
  );
  expect(() => parse('')).toThrow('rules/x.yaml: the rule must be a mapping.');
});
