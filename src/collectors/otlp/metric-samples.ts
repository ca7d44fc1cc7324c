import { isJsonObject, type JsonObject } from '../cloudevents/json-object.ts';
import type { Labels } from '../prometheus/metric-sample.ts';
import type { TimedSample } from '../prometheus/metric-row.ts';
import { attributes, double, integer, messages, milliseconds } from './otlp-value.ts';

export interface OtlpSamples {
  /** The samples of one data point each. */
  readonly points: readonly (readonly TimedSample[])[];
  /** Data points that cannot be samples, by reason. */
  readonly refused: ReadonlyMap<string, number>;
}

const DELTA = 1;
const NO_VALUE_FLAG = 1;
/** Other resource attributes would only make series wider; these join metrics to pods. */
const RESOURCE_LABELS = ['k8s.namespace.name', 'k8s.pod.name', 'k8s.node.name'] as const;
const MAX_LABELS = 64;

/**
 * Returns the data points of a request as Prometheus knows them: names with unit and `_total`, histograms as cumulative
 * buckets, `job` and `instance` of the service. Points of delta temporality are refused: they need a memory of all series.
 *
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function metricSamples(request: JsonObject, receivedMs: number): OtlpSamples {
  const points: (readonly TimedSample[])[] = [];
  const refused = new Map<string, number>();
  for (const ofResource of messages(request['resourceMetrics'])) {
    const common = resourceLabels(ofResource['resource']);
    for (const metric of messages(ofResource['scopeMetrics']).flatMap((scope) => messages(scope['metrics']))) {
      for (const point of pointsOf(metric)) {
        const samples = samplesOf(point, common, receivedMs);
        if (typeof samples === 'string') refused.set(samples, (refused.get(samples) ?? 0) + 1);
        else points.push(samples);
      }
    }
  }
  return { points, refused };
}

type PointKind = 'number' | 'histogram' | 'exponential' | 'summary';

interface Point {
  readonly kind: PointKind;
  readonly name: string;
  readonly isDelta: boolean;
  readonly point: JsonObject;
}

const KINDS = [
  ['gauge', 'number'],
  ['sum', 'number'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential'],
  ['summary', 'summary'],
] as const;

function* pointsOf(metric: JsonObject): Generator<Point> {
  for (const [field, kind] of KINDS) {
    const holder = metric[field];
    if (!isJsonObject(holder)) continue;
    const isTotal = field === 'sum' && holder['isMonotonic'] === true;
    const name = metricName(metric, { isTotal, isGauge: field === 'gauge' });
    const isDelta = holder['aggregationTemporality'] === DELTA;
    for (const point of messages(holder['dataPoints'])) yield { kind, name, isDelta, point };
  }
}

function samplesOf(
  { kind, name, isDelta, point }: Point,
  common: Labels,
  receivedMs: number,
): readonly TimedSample[] | string {
  if (name === '') return 'has no name';
  if (isDelta) return 'has delta temporality; export cumulative metrics';
  if (((integer(point['flags']) ?? 0) & NO_VALUE_FLAG) === NO_VALUE_FLAG) return [];
  const labels = pointLabels(point, common);
  if (Object.keys(labels).length > MAX_LABELS) return `has more than ${MAX_LABELS} attributes`;
  const timestampMs = milliseconds(point['timeUnixNano']) ?? receivedMs;
  const sample = (suffix: string, value: number | undefined, more: Labels = {}): readonly TimedSample[] =>
    value === undefined || Number.isNaN(value)
      ? []
      : [{ name: `${name}${suffix}`, labels: { ...labels, ...more }, value, timestampMs }];
  if (kind === 'number') {
    const value = double(point['asDouble']) ?? integer(point['asInt']);
    return value === undefined ? 'has no value' : sample('', value);
  }
  const totals = [...sample('_count', integer(point['count'])), ...sample('_sum', double(point['sum']))];
  if (kind === 'summary') {
    const quantiles = messages(point['quantileValues']).flatMap((each) =>
      sample('', double(each['value']) ?? 0, { quantile: String(double(each['quantile']) ?? 0) }),
    );
    return [...totals, ...quantiles];
  }
  if (kind === 'exponential') return totals;
  const buckets = cumulativeBuckets(point);
  return typeof buckets === 'string'
    ? buckets
    : [...totals, ...buckets.flatMap(([le, count]) => sample('_bucket', count, { le }))];
}

function cumulativeBuckets(point: JsonObject): readonly (readonly [string, number])[] | string {
  const counts = Array.isArray(point['bucketCounts']) ? point['bucketCounts'] : [];
  const bounds = Array.isArray(point['explicitBounds']) ? point['explicitBounds'] : [];
  if (counts.length === 0) return [];
  if (counts.length !== bounds.length + 1) return 'has bucket counts and bounds that do not fit each other';
  let total = 0;
  return counts.map((count: unknown, at): readonly [string, number] => {
    total += integer(count) ?? 0;
    return [at < bounds.length ? String(double(bounds[at]) ?? Number.NaN) : '+Inf', total];
  });
}

const UNITS: Readonly<Record<string, string>> = {
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  min: 'minutes',
  h: 'hours',
  d: 'days',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  W: 'watts',
  J: 'joules',
  V: 'volts',
  A: 'amperes',
  Hz: 'hertz',
  Cel: 'celsius',
  '%': 'percent',
};

function metricName(
  metric: JsonObject,
  { isTotal, isGauge }: { readonly isTotal: boolean; readonly isGauge: boolean },
): string {
  const { name, unit } = metric;
  if (typeof name !== 'string' || name === '') return '';
  let whole = name.replaceAll(/[^a-zA-Z0-9_:]+/g, '_').replaceAll(/_{2,}/g, '_');
  if (/^\d/.test(whole)) whole = `_${whole}`;
  for (const suffix of unitSuffixes(typeof unit === 'string' ? unit : '', isGauge)) {
    if (!whole.endsWith(`_${suffix}`)) whole = `${whole}_${suffix}`;
  }
  return isTotal && !whole.endsWith('_total') ? `${whole}_total` : whole;
}

function unitSuffixes(unit: string, isGauge: boolean): readonly string[] {
  if (unit === '1') return isGauge ? ['ratio'] : [];
  const [main = '', per] = unit.replaceAll(/\{[^}]*\}/g, '').split('/');
  const suffixes = main === '' ? [] : [UNITS[main] ?? main.replaceAll(/[^a-zA-Z0-9]+/g, '_')];
  return per === undefined || per === '' ? suffixes : [...suffixes, `per_${(UNITS[per] ?? per).replace(/s$/, '')}`];
}

function resourceLabels(resource: unknown): Labels {
  const found = attributes(isJsonObject(resource) ? resource['attributes'] : undefined);
  const text = (name: string): string => labelValue(found.get(name));
  const job = [text('service.namespace'), text('service.name')].filter((part) => part !== '').join('/');
  const labels: Record<string, string> = { job, instance: text('service.instance.id') };
  for (const name of RESOURCE_LABELS) if (text(name) !== '') labels[labelName(name)] = text(name);
  return labels;
}

function pointLabels(point: JsonObject, common: Labels): Labels {
  const labels: Record<string, string> = {};
  for (const [name, value] of attributes(point['attributes'])) labels[labelName(name)] = labelValue(value);
  return { ...labels, ...common };
}

function labelName(name: string): string {
  const clean = name.replaceAll(/[^a-zA-Z0-9_]/g, '_').slice(0, 256);
  return /^\d/.test(clean) ? `key_${clean}` : clean;
}

function labelValue(value: unknown): string {
  if (value === undefined || value === null) return '';
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 2048);
}
