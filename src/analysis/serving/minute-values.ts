import type { ServingGauge, ServingRate } from '../../store/queries/serving.ts';
import { allocatedCosts } from './allocated-costs.ts';
import { clusterValues, llmValues, requestValues, type RuntimeSamples, runtimeValues } from './runtime-values.ts';

/** One signal of one minute that serving samples tell. */
export interface ServingValue {
  readonly tMs: number;
  readonly signal: string;
  /** '' for the whole cluster. */
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly value: number;
}

/**
 * The order in which runtimes are asked for a value: who answers the requests first, then who stands before it, then
 * who scales it. Adding up what several tell of the same requests would count them twice.
 */
export const RUNTIME_ORDER: readonly string[] = [
  'vllm',
  'triton',
  'torchserve',
  'kserve',
  'seldon',
  'bentoml',
  'knative',
  'istio',
  'keda',
];

/** Runtimes that tell of the cluster, and of models only what they cost. */
export const CLUSTER_RUNTIMES: readonly string[] = ['kueue', 'slurm', 'karpenter', 'opencost', 'allocation'];

/** Signals that also exist for each version of a model. */
const OF_VERSIONS: ReadonlySet<string> = new Set([
  'requests_per_second',
  'error_ratio',
  'latency_p50_seconds',
  'latency_p95_seconds',
  'latency_p99_seconds',
  'serving_latency_mean_seconds',
]);

/**
 * Returns the signals that serving samples tell.
 *
 * @param samples.isRecorded  Whether prediction records tell traffic, errors and latency of a model in a minute; they
 *                            are nearer to the truth, and what the runtime says of the same is then left out.
 */
export function minuteValues(samples: {
  readonly rates: readonly ServingRate[];
  readonly gauges: readonly ServingGauge[];
  readonly isRecorded: (model: string, tMs: number) => boolean;
}): readonly ServingValue[] {
  const { rates, gauges, isRecorded } = samples;
  return [...split({ rates, gauges }, (row) => row.t_ms)].flatMap(([tMs, minute]) => {
    const models = [...split(minute, ({ model }) => model)].filter(([model]) => model !== '');
    return [
      ...models.flatMap(([model, own]) => modelValues({ own, model, tMs, isRecorded: isRecorded(model, tMs) })),
      ...allocatedCosts(minute).map(([model, value]) => ({
        tMs,
        signal: 'allocated_cost_per_hour_usd',
        model,
        version: '',
        segment: '',
        value,
      })),
      ...partValues(minute, '', tMs),
      ...models.flatMap(([model, own]) => partValues(own, model, tMs)),
    ];
  });
}

function modelValues(options: {
  readonly own: RuntimeSamples;
  readonly model: string;
  readonly tMs: number;
  readonly isRecorded: boolean;
}): readonly ServingValue[] {
  const { own, model, tMs, isRecorded } = options;
  const byVersion = [...split(own, ({ version }) => version)].filter(([version]) => version !== '');
  return [['', own] as const, ...byVersion].flatMap(([version, level]) => {
    const found = new Map<string, number>();
    const runtimes = split(level, ({ runtime }) => runtime);
    for (const runtime of RUNTIME_ORDER) {
      const told = runtimes.get(runtime);
      if (told === undefined) continue;
      const values = { ...(isRecorded ? {} : requestValues(told)), ...runtimeValues(told), ...llmValues(told) };
      for (const [signal, value] of Object.entries(values)) {
        if (value === undefined || !Number.isFinite(value) || found.has(signal)) continue;
        if (version === '' || OF_VERSIONS.has(signal)) found.set(signal, value);
      }
    }
    return [...found].map(([signal, value]) => ({ tMs, signal, model, version, segment: '', value }));
  });
}

/** Queues, partitions and node pools, and all of them together: what is told of the whole, else the sum of the parts. */
function partValues(samples: RuntimeSamples, model: string, tMs: number): readonly ServingValue[] {
  const rows = (segment: string, told: RuntimeSamples): readonly ServingValue[] =>
    Object.entries(clusterValues(told)).flatMap(([signal, value]) =>
      value === undefined || !Number.isFinite(value) ? [] : [{ tMs, signal, model, version: '', segment, value }],
    );
  const parts = split(samples, ({ part }) => part);
  return [...rows('', wholes(samples)), ...[...parts].flatMap(([part, told]) => (part === '' ? [] : rows(part, told)))];
}

/** Drops the parts of what the same runtime also tells as a whole. */
function wholes({ rates, gauges }: RuntimeSamples): RuntimeSamples {
  const whole = new Set([...rates, ...gauges].filter(({ part }) => part === '').map(keyOf));
  const counts = (row: ServingRate | ServingGauge): boolean => row.part === '' || !whole.has(keyOf(row));
  return { rates: rates.filter(counts), gauges: gauges.filter(counts) };
}

function keyOf({ runtime, measure }: ServingRate | ServingGauge): string {
  return `${runtime} ${measure}`;
}

function split<K>(
  { rates, gauges }: RuntimeSamples,
  keyOfRow: (row: ServingRate | ServingGauge) => K,
): ReadonlyMap<K, RuntimeSamples> {
  const groups = new Map<K, { readonly rates: ServingRate[]; readonly gauges: ServingGauge[] }>();
  const groupOf = (key: K): { readonly rates: ServingRate[]; readonly gauges: ServingGauge[] } => {
    const known = groups.get(key);
    if (known !== undefined) return known;
    const made = { rates: [], gauges: [] };
    groups.set(key, made);
    return made;
  };
  for (const row of rates) groupOf(keyOfRow(row)).rates.push(row);
  for (const row of gauges) groupOf(keyOfRow(row)).gauges.push(row);
  return groups;
}
