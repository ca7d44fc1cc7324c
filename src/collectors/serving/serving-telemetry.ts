import type { Counter } from 'prom-client';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { ModelOf } from '../gpu/model-match.ts';
import type { MetricSample } from '../prometheus/metric-sample.ts';
import { SeriesBudget } from '../prometheus/series-budget.ts';
import { seriesKey } from '../prometheus/series-key.ts';
import type { Measure, Outcome, SeriesRule, ServingAdapter } from './serving-adapter.ts';
import { labelOf } from './serving-adapter.ts';
import { TargetInfo } from './target-info.ts';

/** One row of table serving_samples: a sample of a runtime in the words and units that all runtimes share. */
export type ServingRow = {
  readonly measure: Measure;
  readonly runtime: string;
  /** '' when it is not known, or the whole cluster's. */
  readonly model: string;
  readonly version: string;
  readonly part: string;
  readonly outcome: Outcome;
  readonly series: number;
  /** Upper bound of a bucket, quantile of a summary, else 0. */
  readonly le: number | 'inf';
  /** ISO time, UTC. */
  readonly ts: string;
  readonly value: number;
};

export interface ServingReading {
  readonly rows: readonly ServingRow[];
  /** Samples of a known runtime that belong to no known model, and are not about the whole cluster. */
  readonly unattributed: number;
  /** Samples left out because their value cannot be, or because there are too many different series. */
  readonly refused: number;
}

export interface ServingTelemetryOptions {
  readonly adapters: readonly ServingAdapter[];
  /** The configured join to a model; '' lets the labels of the series decide. */
  readonly modelOf: ModelOf;
  readonly maxSeries?: number;
  /** With telemetry, what was read stands on /metrics. */
  readonly telemetry?: Telemetry;
}

const MAX_SERIES = 500_000;
const MODEL_NAME = /^[A-Za-z0-9_.:/-]{1,128}$/;
const MAX_PART = 200;
/** What is worth keeping without a model: it is about the whole cluster. */
const OF_CLUSTER: ReadonlySet<Measure> = new Set<Measure>([
  'pending',
  'running',
  'evictions',
  'admission_wait_bucket',
  'nodes_created',
  'nodes_removed',
  'startup_bucket',
  'gpu_quota',
  'gpu_quota_used',
  'gpu_price',
  'cpu_price',
  'memory_price',
]);

/** Turns samples of serving runtimes, meshes and schedulers into rows of common measures. Does no I/O. */
export class ServingTelemetry {
  readonly #rules: ReadonlyMap<string, readonly (readonly [ServingAdapter, SeriesRule])[]>;
  readonly #modelOf: ModelOf;
  readonly #budget: SeriesBudget;
  readonly #targets = new TargetInfo();

  readonly #counter: Counter | undefined;

  constructor({ adapters, modelOf, maxSeries = MAX_SERIES, telemetry }: ServingTelemetryOptions) {
    this.#rules = rulesByName(adapters);
    this.#modelOf = modelOf;
    this.#budget = new SeriesBudget(maxSeries);
    this.#counter = telemetry?.counter(
      'plumbline_ingest_serving_samples_total',
      'Samples of serving runtimes: kept, of no known model (unattributed), or refused for their value or too many series.',
      ['outcome'],
    );
  }

  /** Returns the rows of samples; those without a time get `tsMs`. What no adapter knows is passed over. */
  read(samples: readonly MetricSample[], tsMs: number): ServingReading {
    const rows: ServingRow[] = [];
    let refused = 0;
    let unattributed = 0;
    this.#targets.learn(samples, tsMs);
    for (const sample of samples) {
      for (const [adapter, rule] of this.#rules.get(sample.name) ?? []) {
        if (rule.keep?.(sample.labels) === false) continue;
        const row = this.#rowOf({ sample, adapter, rule, tsMs });
        if (row === undefined) refused += 1;
        else if (row.model === '' && !OF_CLUSTER.has(row.measure)) unattributed += 1;
        else rows.push(row);
      }
    }
    for (const [outcome, count] of Object.entries({ kept: rows.length, unattributed, refused })) {
      if (count > 0) this.#counter?.inc({ outcome }, count);
    }
    return { rows, unattributed, refused };
  }

  #rowOf(options: {
    readonly sample: MetricSample;
    readonly adapter: ServingAdapter;
    readonly rule: SeriesRule;
    readonly tsMs: number;
  }): ServingRow | undefined {
    const { sample, adapter, rule, tsMs } = options;
    const { le, value } = scaled(sample, rule);
    if (!Number.isFinite(value) || Number.isNaN(le)) return undefined;
    const { le: _le, quantile: _quantile, ...identity } = sample.labels;
    const series = seriesKey(`${rule.measure} ${sample.name}`, identity);
    if (!this.#budget.admitKey(series, tsMs)) return undefined;
    const labels = this.#targets.joined(sample.labels);
    const subject = adapter.subject(labels);
    const configured = this.#modelOf({
      namespace: labelOf(labels, 'namespace'),
      pod: labelOf(labels, 'pod'),
      labels,
    });
    return {
      measure: rule.measure,
      runtime: adapter.runtime,
      model: configured === '' ? nameOr(subject.model) : configured,
      version: nameOr(subject.version),
      part: subject.part.length > MAX_PART ? '' : subject.part,
      outcome: rule.outcome?.(sample.labels) ?? '',
      series,
      le: le === Number.POSITIVE_INFINITY ? 'inf' : le,
      ts: new Date(sample.timestampMs ?? tsMs).toISOString(),
      value,
    };
  }
}

function rulesByName(
  adapters: readonly ServingAdapter[],
): ReadonlyMap<string, readonly (readonly [ServingAdapter, SeriesRule])[]> {
  const rules = new Map<string, (readonly [ServingAdapter, SeriesRule])[]>();
  for (const adapter of adapters) {
    for (const rule of adapter.rules) {
      const known = rules.get(rule.name);
      if (known === undefined) rules.set(rule.name, [[adapter, rule]]);
      else known.push([adapter, rule]);
    }
  }
  return rules;
}

/** A bound is scaled in place of the count that it bounds. */
function scaled(sample: MetricSample, rule: SeriesRule): { readonly le: number; readonly value: number } {
  const scale = rule.scale ?? 1;
  if (rule.measure.endsWith('_bucket')) return { le: toBound(sample.labels['le'] ?? '') * scale, value: sample.value };
  if (rule.measure === 'latency_quantile') {
    return { le: Number(sample.labels['quantile'] ?? Number.NaN), value: sample.value * scale };
  }
  return { le: 0, value: sample.value * scale };
}

function toBound(text: string): number {
  return /^\+?inf$/i.test(text) ? Number.POSITIVE_INFINITY : text === '' ? Number.NaN : Number(text);
}

function nameOr(name: string): string {
  return MODEL_NAME.test(name) ? name : '';
}
