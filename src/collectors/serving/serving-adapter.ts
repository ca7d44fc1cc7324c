import type { Labels } from '../prometheus/metric-sample.ts';

/**
 * What a serving sample measures, in base units. Counters only rise until they begin anew; buckets are counters by
 * upper bound (`le`); all others are gauges. `_sum` and `_count` belong together: their quotient is a mean.
 */
export type Counter =
  | 'requests'
  | 'latency_bucket'
  | 'latency_sum'
  | 'latency_count'
  | 'queue_time_sum'
  | 'queue_time_count'
  | 'prefill_sum'
  | 'prefill_count'
  | 'decode_sum'
  | 'decode_count'
  | 'batch_sum'
  | 'batch_count'
  | 'ttft_bucket'
  | 'inter_token_bucket'
  | 'output_tokens'
  | 'preemptions'
  | 'evictions'
  | 'admission_wait_bucket'
  | 'nodes_created'
  | 'nodes_removed'
  | 'startup_bucket'
  | 'scaler_errors';

export type Gauge =
  /** Upper quantile of a summary in seconds; `le` is the quantile. */
  | 'latency_quantile'
  | 'queue_depth'
  | 'in_flight'
  | 'kv_cache'
  | 'replicas'
  | 'desired_replicas'
  | 'pending'
  | 'running'
  | 'gpu_quota'
  | 'gpu_quota_used'
  /** US dollars an hour for one GPU, one core and one GiB of a node, and for a whole model. */
  | 'gpu_price'
  | 'cpu_price'
  | 'memory_price'
  | 'cost_per_hour'
  /** GPUs, cores and GiB of a node that a container holds. */
  | 'gpu_allocation'
  | 'cpu_allocation'
  | 'memory_allocation';

export type Measure = Counter | Gauge;

/** Whether a request went well; '' where the runtime does not tell failures in this series. */
export type Outcome = 'ok' | 'error' | '';

/** How one series of a runtime is read. */
export interface SeriesRule {
  /** Name of the series, with `_bucket`, `_sum`, `_count` or `_total` where it has one. */
  readonly name: string;
  readonly measure: Measure;
  /** Factor to the base unit; 1 by default. For buckets and quantiles it applies to what they bound. */
  readonly scale?: number;
  readonly outcome?: (labels: Labels) => Outcome;
  /** False passes over the sample: another series counts the same. */
  readonly keep?: (labels: Labels) => boolean;
}

/** Whom a series is about, as its own labels tell; '' is not known. */
export interface ServingSubject {
  readonly model: string;
  readonly version: string;
  /** Queue, partition, node or pool as `key=value` for what belongs to no model. */
  readonly part: string;
}

/** How the metrics of one serving runtime, mesh, scheduler or cost tool are read. Adding one takes a file and a line in the list of adapters. */
export interface ServingAdapter {
  /** Lower case; the value of column `runtime`. */
  readonly runtime: string;
  readonly title: string;
  /** Dialects that are understood, and what cannot be had, one sentence for the documentation. */
  readonly note: string;
  readonly rules: readonly SeriesRule[];
  readonly subject: (labels: Labels) => ServingSubject;
}

/** Returns the rules of a histogram: its buckets and, when asked for, sum and count for the mean. */
export function histogramRules(
  name: string,
  measure: 'latency' | 'ttft' | 'inter_token' | 'admission_wait' | 'startup',
  rest: Omit<SeriesRule, 'name' | 'measure'> = {},
): readonly SeriesRule[] {
  const buckets: SeriesRule = { ...rest, name: `${name}_bucket`, measure: `${measure}_bucket` };
  if (measure !== 'latency') return [buckets];
  const { scale: _scale, ...unscaled } = rest;
  return [
    buckets,
    { ...rest, name: `${name}_sum`, measure: 'latency_sum' },
    { ...unscaled, name: `${name}_count`, measure: 'latency_count' },
  ];
}

/** Returns the value of the first label that is there, preferring what the exporter itself said (`exported_<name>`). */
export function labelOf(labels: Labels, ...names: readonly string[]): string {
  for (const name of names) {
    const value = labels[`exported_${name}`] ?? labels[name] ?? '';
    if (value !== '') return value;
  }
  return '';
}

/** Returns `ok` or `error` for an HTTP or gRPC status as a label tells it: 5xx and faults of the server are errors. */
export function outcomeOfStatus(status: string): Outcome {
  return /^(5\d\d|5xx|Unknown|DeadlineExceeded|Internal|Unavailable|DataLoss|Unimplemented|ResourceExhausted)$/i.test(
    status,
  )
    ? 'error'
    : 'ok';
}

/** A part of the cluster in the form of a segment, such as `cluster_queue=ml`. */
export function partOf(key: string, value: string): string {
  return value === '' ? '' : `${key}=${value}`;
}
