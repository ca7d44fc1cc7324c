import { type MetricRow, metricRow, type TimedSample } from '../metric-row.ts';
import type { Labels } from '../metric-sample.ts';
import type { SeriesBudget } from '../series-budget.ts';
import { sampleKey, seriesKey } from '../series-key.ts';
import type { RecentSamples } from './recent-samples.ts';
import type { WrittenRequest, WrittenSeries } from './written-series.ts';

/** Why samples of a request are refused, and how that is said after their number. */
export const WRITE_REFUSALS = {
  no_metric_name: 'without a metric name (__name__)',
  bad_label: 'with a label that has no name or comes twice',
  label_too_long: 'with a label name over 256 or a value over 4096 characters',
  label_limit: 'with more labels than remote_write.label_limit allows',
  bad_reference: 'with labels that point beyond the symbols',
  timestamp_out_of_range: 'older than remote_write.max_age or more than ten minutes ahead',
  series_limit: 'of new series beyond remote_write.series_limit',
  native_histogram: 'that are native histograms, which are not stored (send_native_histograms: false)',
} as const;

export type WriteRefusal = keyof typeof WRITE_REFUSALS;

export interface WrittenRows {
  readonly rows: readonly MetricRow[];
  /** The samples of the rows, `job` and `instance` among their labels. */
  readonly samples: readonly TimedSample[];
  /** Keys of the samples, to be remembered once they are stored. */
  readonly keys: readonly number[];
  readonly refused: ReadonlyMap<WriteRefusal, number>;
  /** Stored before: the same series at the same time. */
  readonly duplicates: number;
  /** NaN: markers of the end of a series, and "no value". Taken note of, not stored. */
  readonly valueless: number;
}

const AHEAD_MS = 600_000;
const MAX_NAME = 256;
const MAX_VALUE = 4096;

export interface WriteContext {
  readonly budget: SeriesBudget;
  readonly recent: RecentSamples;
  readonly labelLimit: number;
  readonly maxAgeMs: number;
  readonly nowMs: number;
}

/** Returns what a remote write request puts into the store, and what of it is refused and why. */
export function writtenRows(request: WrittenRequest, context: WriteContext): WrittenRows {
  const collected = new Collected();
  for (const series of request.series) takeSeries(series, context, collected);
  return collected;
}

class Collected implements WrittenRows {
  readonly rows: MetricRow[] = [];
  readonly samples: TimedSample[] = [];
  readonly keys: number[] = [];
  readonly refused = new Map<WriteRefusal, number>();
  readonly seen = new Set<number>();
  duplicates = 0;
  valueless = 0;

  refuse(reason: WriteRefusal, samples: number): void {
    if (samples > 0) this.refused.set(reason, (this.refused.get(reason) ?? 0) + samples);
  }
}

function takeSeries(series: WrittenSeries, context: WriteContext, collected: Collected): void {
  collected.refuse('native_histogram', series.histograms);
  const identity = identityOf(series, context.labelLimit);
  if (typeof identity === 'string') {
    collected.refuse(identity, series.samples.length);
    return;
  }
  const { name, labels } = identity;
  const key = seriesKey(name, labels);
  for (const { value, timestampMs, stale } of series.samples) {
    if (stale) context.budget.release(key);
    if (timestampMs < context.nowMs - context.maxAgeMs || timestampMs > context.nowMs + AHEAD_MS) {
      collected.refuse('timestamp_out_of_range', 1);
    } else if (Number.isNaN(value)) {
      collected.valueless += 1;
    } else {
      takeValue({ name, labels, value, timestampMs }, key, context, collected);
    }
  }
}

function takeValue(sample: TimedSample, series: number, context: WriteContext, collected: Collected): void {
  const key = sampleKey(series, sample.timestampMs);
  if (collected.seen.has(key) || context.recent.has(key)) {
    collected.duplicates += 1;
  } else if (!context.budget.admitKey(series, context.nowMs)) {
    collected.refuse('series_limit', 1);
  } else {
    collected.seen.add(key);
    collected.keys.push(key);
    collected.samples.push(sample);
    collected.rows.push(metricRow(sample));
  }
}

/** Returns name and labels; a word is the reason why the series has none. Empty labels are absent labels. */
function identityOf(
  series: WrittenSeries,
  labelLimit: number,
): { readonly name: string; readonly labels: Labels } | WriteRefusal {
  if (series.badReference) return 'bad_reference';
  if (series.tooManyLabels) return 'label_limit';
  const labels = new Map<string, string>();
  for (const [label, value] of series.labels) {
    if (label === '' || labels.has(label)) return 'bad_label';
    if (label.length > MAX_NAME || value.length > MAX_VALUE) return 'label_too_long';
    labels.set(label, value);
  }
  const name = labels.get('__name__') ?? '';
  labels.delete('__name__');
  if (name === '') return 'no_metric_name';
  if (name.length > MAX_NAME) return 'label_too_long';
  if (labels.size > labelLimit) return 'label_limit';
  return { name, labels: Object.fromEntries([...labels].filter(([, value]) => value !== '')) };
}
