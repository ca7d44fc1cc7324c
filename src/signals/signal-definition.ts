/** Levels at which a signal has rows: the whole model, or one version, feature, segment or GPU of it. */
export type SignalScope = 'model' | 'version' | 'feature' | 'segment' | 'gpu';

/**
 * Base unit of a value. `ratio` is 0..1 unless the definition is unbounded; `score` is a statistic without a unit;
 * `number` is in the unit of the label or of the business metric.
 */
export type SignalUnit =
  | 'seconds'
  | 'ratio'
  | 'per_second'
  | 'bytes_per_second'
  | 'celsius'
  | 'watts'
  | 'usd'
  | 'count'
  | 'score'
  | 'number';

export type SignalGroup =
  | 'service'
  | 'drift'
  | 'performance'
  | 'staleness'
  | 'gpu'
  | 'llm'
  | 'business'
  | 'cost'
  | 'objectives'
  | 'self';

export type SignalDirection = 'higher_is_worse' | 'lower_is_worse' | 'neutral';

/** How the minutes of a bucket become one value: their mean, the highest or the newest of them. */
export type SignalCombine = 'avg' | 'max' | 'last';

/** What a signal is: the one place that metrics, panels, alerts and documentation are made from. */
export interface SignalDefinition {
  readonly name: string;
  readonly group: SignalGroup;
  readonly unit: SignalUnit;
  readonly scope: readonly SignalScope[];
  /** One sentence for `/metrics`, panels and documentation. */
  readonly help: string;
  readonly direction: SignalDirection;
  /** Id of the unit in Grafana. */
  readonly grafanaUnit: string;
  /** True when every value lies in 0..1. */
  readonly bounded: boolean;
  /** How the minutes of a bucket become one value. */
  readonly combine: SignalCombine;
  /** Aggregate over the rows of table `signals` that fall into one time bucket of one series. */
  readonly sql: string;
  /** Selector of the model-level series, or of every series when there is no model-level one. */
  readonly promql: string;
}

/** What is written down for a signal; the rest follows from it. */
export interface SignalEntry {
  readonly name: string;
  readonly unit: SignalUnit;
  readonly scope: readonly SignalScope[];
  readonly help: string;
  readonly direction: SignalDirection;
  /** How the minutes of a bucket become one value. */
  readonly combine: SignalCombine;
  readonly bounded?: boolean;
  readonly grafanaUnit?: string;
}

/** Units whose name must end the signal's name. */
export const SUFFIXED_UNITS = [
  'bytes_per_second',
  'per_second',
  'seconds',
  'ratio',
  'celsius',
  'watts',
  'usd',
] as const;

/** Returns the full definitions of a group's entries. */
export function defineSignals(group: SignalGroup, entries: readonly SignalEntry[]): readonly SignalDefinition[] {
  return entries.map((entry) => ({
    ...entry,
    group,
    bounded: entry.bounded ?? false,
    grafanaUnit: entry.grafanaUnit ?? GRAFANA_UNITS[entry.unit],
    sql: AGGREGATES[entry.combine],
    promql: selectorOf(entry),
  }));
}

/** Returns the name of a signal's metric in Prometheus. */
export function prometheusName(name: string): string {
  return `plumbline_${name}`;
}

/** Returns the label names of a signal's metric, `model` first. A level that a row is not of has no such label. */
export function labelsOf(definition: Pick<SignalDefinition, 'scope'>): readonly string[] {
  return ['model', ...definition.scope.filter((scope) => scope !== 'model')];
}

/** Returns the base unit that a name ends in, or undefined. */
export function unitInName(name: string): SignalUnit | undefined {
  return SUFFIXED_UNITS.find((unit) => name.endsWith(`_${unit}`));
}

const GRAFANA_UNITS: Readonly<Record<SignalUnit, string>> = {
  seconds: 's',
  ratio: 'percentunit',
  per_second: 'cps',
  bytes_per_second: 'Bps',
  celsius: 'celsius',
  watts: 'watt',
  usd: 'currencyUSD',
  count: 'none',
  score: 'none',
  number: 'short',
};

const AGGREGATES = { avg: 'avg(value)', max: 'max(value)', last: 'argMax(value, t)' } as const;

function selectorOf(entry: Pick<SignalEntry, 'name' | 'scope'>): string {
  const name = prometheusName(entry.name);
  const below = labelsOf(entry).slice(1);
  if (!entry.scope.includes('model') || below.length === 0) return name;
  return `${name}{${below.map((label) => `${label}=""`).join(',')}}`;
}
