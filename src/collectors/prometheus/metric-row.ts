import type { Labels, MetricSample } from './metric-sample.ts';

/** One row of table metric_samples. `labels` leaves out `job` and `instance`, which are columns. */
export type MetricRow = {
  readonly name: string;
  readonly labels: Labels;
  /** ISO time, UTC. */
  readonly ts: string;
  /** JSON has no infinity: ClickHouse reads the words. */
  readonly value: number | 'inf' | '-inf';
  readonly job: string;
  readonly instance: string;
};

/** A sample whose time is known. */
export type TimedSample = MetricSample & { readonly timestampMs: number };

/** Returns the row of a sample; its value is a number or infinite, never NaN. */
export function metricRow(sample: TimedSample): MetricRow {
  const { job = '', instance = '', ...labels } = sample.labels;
  const ts = new Date(sample.timestampMs).toISOString();
  return { name: sample.name, labels, ts, value: jsonValue(sample.value), job, instance };
}

function jsonValue(value: number): number | 'inf' | '-inf' {
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'inf' : '-inf';
}
