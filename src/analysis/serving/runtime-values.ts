import { histogramQuantile } from '../../stats/histogram-quantile.ts';
import type { ServingGauge, ServingRate } from '../../store/queries/serving.ts';

/** What one runtime tells of one subject in one minute. */
export interface RuntimeSamples {
  readonly rates: readonly ServingRate[];
  readonly gauges: readonly ServingGauge[];
}

type Values = Readonly<Record<string, number | undefined>>;

/** Returns traffic, errors and latency under the names that prediction records give them too. */
export function requestValues(samples: RuntimeSamples): Values {
  const requests = samples.rates.filter(({ measure }) => measure === 'requests');
  const total = sum(requests.map(({ rate }) => rate));
  const failed = requests.filter(({ outcome }) => outcome === 'error');
  const tellsFailures = requests.some(({ outcome }) => outcome !== '');
  return {
    requests_per_second: requests.length === 0 ? undefined : total,
    error_ratio: tellsFailures && total > 0 ? sum(failed.map(({ rate }) => rate)) / total : undefined,
    latency_p50_seconds: latency(samples, 0.5),
    latency_p95_seconds: latency(samples, 0.95),
    latency_p99_seconds: latency(samples, 0.99),
  };
}

/** Returns what only the runtime knows. */
export function runtimeValues(samples: RuntimeSamples): Values {
  return {
    serving_latency_mean_seconds: mean(samples, 'latency'),
    serving_queue_time_seconds: mean(samples, 'queue_time'),
    serving_batch_size: mean(samples, 'batch'),
    serving_queue_depth: gauge(samples, 'queue_depth'),
    serving_in_flight: gauge(samples, 'in_flight'),
    serving_replicas: gauge(samples, 'replicas'),
    serving_desired_replicas: gauge(samples, 'desired_replicas'),
    serving_scaler_errors_per_second: rate(samples, 'scaler_errors'),
  };
}

/** Returns what a server of language models tells. */
export function llmValues(samples: RuntimeSamples): Values {
  return {
    llm_ttft_p50_seconds: quantile(samples, 'ttft_bucket', 0.5),
    llm_ttft_p95_seconds: quantile(samples, 'ttft_bucket', 0.95),
    llm_ttft_p99_seconds: quantile(samples, 'ttft_bucket', 0.99),
    llm_inter_token_p50_seconds: quantile(samples, 'inter_token_bucket', 0.5),
    llm_inter_token_p95_seconds: quantile(samples, 'inter_token_bucket', 0.95),
    llm_inter_token_p99_seconds: quantile(samples, 'inter_token_bucket', 0.99),
    llm_prefill_seconds: mean(samples, 'prefill'),
    llm_decode_seconds: mean(samples, 'decode'),
    llm_output_tokens_per_second: rate(samples, 'output_tokens'),
    llm_preemptions_per_second: rate(samples, 'preemptions'),
    llm_kv_cache_ratio: largest(samples, 'kv_cache'),
    // Only a server of language models has a cache, and then its queue is theirs.
    llm_queue_depth: largest(samples, 'kv_cache') === undefined ? undefined : gauge(samples, 'queue_depth'),
  };
}

/** Returns the state of the scheduler of a queue, a partition or a node pool. */
export function clusterValues(samples: RuntimeSamples): Values {
  const quota = gauge(samples, 'gpu_quota');
  const used = gauge(samples, 'gpu_quota_used');
  return {
    cluster_pending_workloads: gauge(samples, 'pending'),
    cluster_running_workloads: gauge(samples, 'running'),
    cluster_evictions_per_second: rate(samples, 'evictions'),
    cluster_admission_wait_p95_seconds: quantile(samples, 'admission_wait_bucket', 0.95),
    cluster_startup_p95_seconds: quantile(samples, 'startup_bucket', 0.95),
    cluster_nodes_created: perMinute(rate(samples, 'nodes_created')),
    cluster_nodes_removed: perMinute(rate(samples, 'nodes_removed')),
    cluster_gpu_quota_used_ratio: used === undefined || quota === undefined || quota <= 0 ? undefined : used / quota,
  };
}

/** Returns the quantile of a histogram measure, or undefined when nothing was observed. */
function quantile({ rates }: RuntimeSamples, measure: string, q: number): number | undefined {
  const counts = new Map<number, number>();
  for (const row of rates) {
    if (row.measure !== measure) continue;
    const le = row.le ?? Number.POSITIVE_INFINITY;
    counts.set(le, (counts.get(le) ?? 0) + row.rate);
  }
  return histogramQuantile(
    [...counts].map(([le, count]) => ({ le, count })),
    q,
  );
}

/** A summary cannot be merged: of several replicas the worst counts. */
function latency(samples: RuntimeSamples, q: number): number | undefined {
  const byBuckets = quantile(samples, 'latency_bucket', q);
  if (byBuckets !== undefined) return byBuckets;
  const summaries = samples.gauges.filter(({ measure, le }) => measure === 'latency_quantile' && le === q);
  return summaries.length === 0 ? undefined : Math.max(...summaries.map(({ top }) => top));
}

type Mean = 'latency' | 'queue_time' | 'batch' | 'prefill' | 'decode';

function mean(samples: RuntimeSamples, measure: Mean): number | undefined {
  const count = rate(samples, `${measure}_count`);
  const total = rate(samples, `${measure}_sum`);
  return count === undefined || total === undefined || count <= 0 ? undefined : total / count;
}

function rate({ rates }: RuntimeSamples, measure: string): number | undefined {
  const found = rates.filter((row) => row.measure === measure);
  return found.length === 0 ? undefined : sum(found.map((row) => row.rate));
}

function gauge({ gauges }: RuntimeSamples, measure: string): number | undefined {
  const found = gauges.filter((row) => row.measure === measure);
  return found.length === 0 ? undefined : sum(found.map(({ total }) => total));
}

function largest({ gauges }: RuntimeSamples, measure: string): number | undefined {
  const found = gauges.filter((row) => row.measure === measure);
  return found.length === 0 ? undefined : Math.max(...found.map(({ top }) => top));
}

function perMinute(perSecond: number | undefined): number | undefined {
  return perSecond === undefined ? undefined : perSecond * 60;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
