import { parseRule } from '../../src/alerting/parse-rule.ts';
import type { Rule } from '../../src/alerting/rule.ts';
import type { SignalSeries } from '../../src/store/queries/signal-series.ts';

/** Returns a rule from the part of its YAML that a test is about. */
export function ruleOf(alert: string, body: string): Rule {
  const head = body.includes('severity:') ? '' : 'severity: warning\n';
  return parseRule({
    file: `${alert}.yaml`,
    text: `alert: ${alert}\n${head}runbook: ${alert}\nsummary: "{{model}}"\n${body}`,
  });
}

export const START = Date.UTC(2026, 10, 21, 10, 0);
export const MINUTE = 60_000;

/** Returns the series of a signal from its values minute by minute; null leaves a minute out. */
export function seriesOf(
  signal: string,
  values: readonly (number | null)[],
  scope: Partial<Pick<SignalSeries, 'model' | 'version' | 'feature' | 'segment' | 'gpu'>> = {},
): SignalSeries {
  const points = values.flatMap((value, index): [number, number][] =>
    value === null ? [] : [[START + index * MINUTE, value]],
  );
  return { signal, model: 'm', version: '', feature: '', segment: '', gpu: '', ...scope, points };
}

/** Returns `count` minutes with one value. */
export function flat(value: number | null, count: number): readonly (number | null)[] {
  return Array.from({ length: count }, () => value);
}
