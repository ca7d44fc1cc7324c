import type { Exposition } from './exposition.ts';
import type { Labels, MetricSample } from './metric-sample.ts';
import type { ScrapeTarget } from './scrape-target.ts';
import type { SeriesBudget } from './series-budget.ts';
import { withTargetLabels } from './target-labels.ts';

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

export type RefusalReason = 'unreadable_line' | 'timestamp_out_of_range' | 'series_limit';

export interface ScrapeRows {
  readonly rows: readonly MetricRow[];
  /** What the processors see: samples with the labels of the target, within the time range, without NaN. */
  readonly samples: readonly MetricSample[];
  readonly refused: Readonly<Record<RefusalReason, number>>;
}

/** An exporter's own time further off than this is a fault of its clock or unit, and would scatter partitions. */
const OLDEST_MS = 24 * 3_600_000;
const AHEAD_MS = 600_000;

/** Returns what one answer of a target puts into the store. NaN, which also marks the end of a series, is no value. */
export function scrapeRows(options: {
  readonly exposition: Exposition;
  readonly target: ScrapeTarget;
  readonly budget: SeriesBudget;
  readonly tsMs: number;
}): ScrapeRows {
  const { exposition, target, budget, tsMs } = options;
  const rows: MetricRow[] = [];
  const samples: MetricSample[] = [];
  let badTimes = 0;
  let overBudget = 0;
  for (const exposed of exposition.samples) {
    const timestampMs = exposed.timestampMs ?? tsMs;
    if (Number.isNaN(exposed.value)) continue;
    if (timestampMs < tsMs - OLDEST_MS || timestampMs > tsMs + AHEAD_MS) {
      badTimes += 1;
      continue;
    }
    const labels = withTargetLabels(exposed.labels, target.labels, target.honorLabels);
    const sample = { name: exposed.name, labels, value: exposed.value, timestampMs };
    samples.push(sample);
    if (budget.admit(sample.name, labels, tsMs)) rows.push(metricRow(sample));
    else overBudget += 1;
  }
  const refused = {
    unreadable_line: exposition.refusedLines,
    timestamp_out_of_range: badTimes,
    series_limit: overBudget,
  };
  return { rows, samples, refused };
}

/** Returns the health of a scrape as Prometheus writes it: `up`, `scrape_duration_seconds`, `scrape_samples_scraped`. */
export function healthRows(options: {
  readonly target: ScrapeTarget;
  readonly tsMs: number;
  readonly up: boolean;
  readonly durationMs: number;
  readonly samples: number;
}): readonly MetricRow[] {
  const { target, tsMs, up, durationMs, samples } = options;
  const row = (name: string, value: number): MetricRow =>
    metricRow({ name, labels: target.labels, value, timestampMs: tsMs });
  return [
    row('up', up ? 1 : 0),
    row('scrape_duration_seconds', durationMs / 1000),
    row('scrape_samples_scraped', samples),
  ];
}

function metricRow(sample: MetricSample & { readonly timestampMs: number }): MetricRow {
  const { job = '', instance = '', ...labels } = sample.labels;
  return { name: sample.name, labels, ts: isoTime(sample.timestampMs), value: jsonValue(sample.value), job, instance };
}

function isoTime(timestampMs: number): string {
  return new Date(timestampMs).toISOString();
}

function jsonValue(value: number): number | 'inf' | '-inf' {
  if (Number.isFinite(value)) return value;
  return value > 0 ? 'inf' : '-inf';
}
