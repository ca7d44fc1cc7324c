import type { Exposition } from './exposition.ts';
import { type MetricRow, metricRow, type TimedSample } from './metric-row.ts';
import type { MetricSample } from './metric-sample.ts';
import type { Relabel } from './relabel/relabel.ts';
import type { ScrapeTarget } from './scrape-target.ts';
import type { SeriesBudget } from './series-budget.ts';
import { seriesKey } from './series-key.ts';
import { withTargetLabels } from './target-labels.ts';

export type RefusalReason = 'unreadable_line' | 'timestamp_out_of_range' | 'series_limit';

export interface ScrapeRows {
  readonly rows: readonly MetricRow[];
  /** What the processors see: samples with the labels of the target, within the time range, without NaN. */
  readonly samples: readonly TimedSample[];
  /** Keys of the series stored. */
  readonly series: ReadonlySet<number>;
  /** Series stored that were not known within the last hour. */
  readonly addedSeries: number;
  /** Samples that metric relabelling left. */
  readonly kept: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
}

/** An exporter's own time further off than this is a fault of its clock or unit, and would scatter partitions. */
const OLDEST_MS = 24 * 3_600_000;
const AHEAD_MS = 600_000;

/**
 * Returns what one answer of a target puts into the store. NaN, which also marks the end of a series, is no value. Metric
 * relabelling comes after the labels of the target.
 */
export function scrapeRows(options: {
  readonly exposition: Exposition;
  readonly target: ScrapeTarget;
  readonly budget: SeriesBudget;
  readonly relabel: Relabel | undefined;
  readonly tsMs: number;
}): ScrapeRows {
  const { exposition, target, budget, relabel, tsMs } = options;
  const rows: MetricRow[] = [];
  const samples: TimedSample[] = [];
  const series = new Set<number>();
  const refused = { unreadable_line: exposition.refusedLines, timestamp_out_of_range: 0, series_limit: 0 };
  let addedSeries = 0;
  let kept = 0;
  for (const exposed of exposition.samples) {
    const sample = relabelled(exposed, target, relabel, tsMs);
    if (sample === undefined) continue;
    kept += 1;
    if (Number.isNaN(sample.value)) continue;
    if (sample.timestampMs < tsMs - OLDEST_MS || sample.timestampMs > tsMs + AHEAD_MS) {
      refused.timestamp_out_of_range += 1;
      continue;
    }
    samples.push(sample);
    const key = seriesKey(sample.name, sample.labels);
    const known = budget.has(key);
    if (budget.admitKey(key, tsMs)) {
      if (!known) addedSeries += 1;
      series.add(key);
      rows.push(metricRow(sample));
    } else {
      refused.series_limit += 1;
    }
  }
  return { rows, samples, series, addedSeries, kept, refused };
}

function relabelled(
  exposed: MetricSample,
  target: ScrapeTarget,
  relabel: Relabel | undefined,
  tsMs: number,
): TimedSample | undefined {
  const labels = withTargetLabels(exposed.labels, target.labels, target.honorLabels);
  const { value, timestampMs = tsMs } = exposed;
  if (relabel === undefined) return { name: exposed.name, labels, value, timestampMs };
  const changed = relabel({ ...labels, __name__: exposed.name });
  if (changed === undefined) return undefined;
  const { __name__: name, ...rest } = changed;
  return name === undefined ? undefined : { name, labels: rest, value, timestampMs };
}

/**
 * Returns the health of a scrape as Prometheus writes it: `up`, `scrape_duration_seconds`, `scrape_samples_scraped`,
 * `scrape_samples_post_metric_relabeling` and `scrape_series_added`.
 */
export function healthRows(options: {
  readonly target: ScrapeTarget;
  readonly tsMs: number;
  readonly up: boolean;
  readonly durationMs: number;
  readonly scraped: number;
  readonly kept: number;
  readonly addedSeries: number;
}): readonly MetricRow[] {
  const { target, tsMs, up, durationMs, scraped, kept, addedSeries } = options;
  const row = (name: string, value: number): MetricRow =>
    metricRow({ name, labels: target.labels, value, timestampMs: tsMs });
  return [
    row('up', up ? 1 : 0),
    row('scrape_duration_seconds', durationMs / 1000),
    row('scrape_samples_scraped', scraped),
    row('scrape_samples_post_metric_relabeling', kept),
    row('scrape_series_added', addedSeries),
  ];
}
