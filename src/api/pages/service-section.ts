import type { ServiceBucket } from '../../store/queries/latency.ts';
import type { ConfiguredModel } from '../read/read-dependencies.ts';
import { duration, number, percent, seconds } from './format.ts';
import { backdropOf } from './backdrop.ts';
import type { TimeAxis } from './chart-frame.ts';
import { html, type Html } from './html.ts';
import { lineChart } from './line-chart.ts';
import type { BucketedRange, ModelNumbers, RowNumbers } from './model-data.ts';
import { reproduce, simulatedMark } from './parts.ts';

/** Returns latency against the objective, traffic and errors. */
export function serviceSection(
  numbers: ModelNumbers,
  range: BucketedRange,
  configured: ConfiguredModel | undefined,
): Html {
  const { service, sql } = numbers;
  const heading = html`<h2 id="latency">Latency and traffic</h2>`;
  if (service.length === 0) return html`${heading}<p>no data in this range.</p>${reproduce(sql.service)}`;
  const axis = {
    fromMs: Math.max(range.fromMs, service[0]?.bucket_ms ?? range.fromMs),
    toMs: Math.min(range.toMs, (service.at(-1)?.bucket_ms ?? range.toMs) + range.bucketSeconds * 1000),
    ...backdropOf(numbers, range.toMs),
  };
  return html`${heading}
${serviceCharts({ numbers, axis, bucketSeconds: range.bucketSeconds, configured })}
${reproduce(sql.service)}`;
}

/** Returns latency, traffic and errors as charts on one time axis. */
export function serviceCharts(options: {
  readonly numbers: ModelNumbers;
  readonly axis: TimeAxis;
  readonly bucketSeconds: number;
  readonly configured: ConfiguredModel | undefined;
}): Html {
  const { bucketSeconds, configured } = options;
  const { service, rows } = options.numbers;
  const axis = { ...options.axis, gapMs: bucketSeconds * 1000 };
  const every = bucketSeconds === 86_400 ? 'day' : duration(bucketSeconds * 1000);
  return html`${rows === undefined ? undefined : simulatedNote(rows.counts)}
${latencyChart(service, axis, every, configured)}
${lineChart({
  id: 'traffic',
  title: `Predictions by ${every}`,
  caption: `Number of predictions by ${every}; the first and the last may be incomplete.`,
  ...axis,
  series: [{ name: 'predictions', tone: 1, points: service.map((row) => [row.bucket_ms, row.requests]) }],
  format: (value) => number(value),
})}
${errorPart(service, axis, every, configured)}`;
}

interface Axis extends TimeAxis {
  readonly gapMs: number;
}

function latencyChart(
  service: readonly ServiceBucket[],
  axis: Axis,
  every: string,
  configured: ConfiguredModel | undefined,
): Html {
  if (service.every((row) => row.latencies === 0))
    return html`<p>Latency: no data. The predictions carry no latency_ms.</p>`;
  const quantile = (index: number) =>
    service.map((row): readonly [number, number | null] => {
      const ms = row.latencies === 0 ? null : (row.quantiles_ms[index] ?? null);
      return [row.bucket_ms, ms === null ? null : ms / 1000];
    });
  const objective = configured?.slo?.latency_p99_seconds;
  return lineChart({
    id: 'latency',
    title: `Latency by ${every}`,
    caption: `Percentiles of latency_ms by ${every}, within 1 % of the exact value.`,
    ...axis,
    series: [
      { name: 'p50', tone: 1, points: quantile(0) },
      { name: 'p95', tone: 2, points: quantile(1) },
      { name: 'p99', tone: 3, points: quantile(2) },
    ],
    objective:
      objective === undefined ? undefined : { name: `objective for p99 ${seconds(objective)}`, value: objective },
    format: seconds,
    readings: 200,
  });
}

function errorPart(
  service: readonly ServiceBucket[],
  axis: Axis,
  every: string,
  configured: ConfiguredModel | undefined,
): Html {
  const errors = service.reduce((sum, row) => sum + row.errors, 0);
  const requests = service.reduce((sum, row) => sum + row.requests, 0);
  if (errors === 0) return html`<p>None of ${number(requests)} predictions failed.</p>`;
  const objective = configured?.slo?.error_ratio;
  return lineChart({
    id: 'errors',
    title: `Errors by ${every}`,
    caption: `Share of predictions with status error, by ${every}; ${number(errors)} of ${number(requests)} in all.`,
    ...axis,
    series: [
      {
        name: 'error ratio',
        tone: 3,
        points: service.map((row) => [row.bucket_ms, row.requests === 0 ? null : row.errors / row.requests]),
      },
    ],
    objective: objective === undefined ? undefined : { name: `objective ${percent(objective, 2)}`, value: objective },
    format: (value) => percent(value, 2),
  });
}

function simulatedNote({ predictions, simulated }: RowNumbers['counts']): Html | undefined {
  if (simulated === 0) return undefined;
  return html`<p>${simulatedMark(true)} ${number(simulated)} of ${number(predictions)} predictions of this range say of themselves that something about them is simulated.</p>`;
}
