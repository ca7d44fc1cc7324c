import { findSignal } from '../../signals/catalogue.ts';
import type { SignalUnit } from '../../signals/signal-definition.ts';
import type { BusinessSeries, GpuSeries } from '../../store/queries/evidence.ts';
import { isSimulated } from '../read/simulated.ts';
import { backdropOf } from './backdrop.ts';
import type { TimeAxis } from './chart-frame.ts';
import { duration, moment, number, percent, seconds } from './format.ts';
import { html, type Html } from './html.ts';
import { lineChart } from './line-chart.ts';
import type { BucketedRange, ModelNumbers, SideData } from './model-data.ts';
import { reproduce } from './parts.ts';

const MAX_BUSINESS = 4;
const MAX_NAMES = 6;
/** A line goes on over one missing point, not over two. */
const GAP_FACTOR = 1.5;

/** Returns GPU and business series, each marked when it is simulated; without any, a sentence that says so. */
export function sideSection(numbers: ModelNumbers): Html {
  const { side, sql } = numbers;
  const heading = html`<h2 id="gpu">GPU and business</h2>`;
  if (side === undefined) {
    return html`${heading}<p>GPU: no data. Business: no data. No samples of this model in this range.</p>${reproduce(sql.side)}`;
  }
  const { range } = side;
  const bucketMs = range.bucketSeconds * 1000;
  const axis = {
    fromMs: Math.floor(range.fromMs / bucketMs) * bucketMs,
    toMs: range.toMs,
    ...backdropOf(numbers, range.toMs),
  };
  return html`${heading}
<p class="soft">From ${moment(range.fromMs)} to ${moment(range.toMs)}, means over ${duration(bucketMs)}.</p>
${gpuChart(side, axis)}
${businessCharts(side, axis)}
${reproduce(sql.side)}`;
}

/** Returns the busiest GPU of a model as a chart, or a sentence where nothing was measured. */
export function gpuChart({ gpu, range }: SideData, axis: TimeAxis): Html {
  if (gpu.length === 0) return html`<p>GPU: no data.</p>`;
  const names = (pick: (entry: GpuSeries) => readonly string[]): readonly string[] =>
    [...new Set(gpu.flatMap(pick))].filter((name) => name !== '');
  const pods = names((entry) => entry.pods);
  const gpus = names((entry) => entry.gpus);
  return lineChart({
    id: 'gpu-chart',
    title: 'GPU of the model',
    simulated: isSimulated(...pods, ...gpus, ...names((entry) => entry.nodes)),
    caption: `The busiest GPU of ${some(gpus)}${pods.length === 0 ? '' : `, serving in ${some(pods)}`}.`,
    ...axis,
    gapMs: range.bucketSeconds * 1000,
    series: gpu.map(({ signal, points }, index) => ({ name: gpuName(signal), tone: index === 0 ? 1 : 2, points })),
    format: (value) => percent(value, 0),
    bounds: { low: 0, high: 1 },
  });
}

/** Returns the business metrics of a model as charts, or a sentence where there are none. */
export function businessCharts({ business, range }: SideData, axis: TimeAxis): Html {
  if (business.length === 0) return html`<p>Business: no data.</p>`;
  const more = business.length - MAX_BUSINESS;
  return html`${business.slice(0, MAX_BUSINESS).map((series, index) => businessChart(series, { range, axis, index }))}
${more > 0 ? html`<p class="soft">${more} more business metrics are not shown.</p>` : undefined}`;
}

/** Returns how a value of a unit is written. */
export function formatOf(unit: SignalUnit): (value: number | null | undefined) => string {
  if (unit === 'ratio') return (value) => percent(value);
  return unit === 'seconds' ? seconds : (value) => number(value);
}

function gpuName(signal: string): string {
  return signal === 'gpu_utilization_ratio' ? 'utilisation' : 'memory used';
}

function businessChart(
  series: BusinessSeries,
  { range, axis, index }: { readonly range: BucketedRange; readonly axis: TimeAxis; readonly index: number },
): Html {
  const unit = findSignal(`business_${series.metric}`)?.unit ?? 'number';
  return lineChart({
    id: `business-${index}`,
    title: series.metric,
    simulated: isSimulated(series.metric, ...series.labels),
    caption: series.labels.length === 0 ? 'Business metric.' : `Business metric with ${some(series.labels)}.`,
    ...axis,
    gapMs: Math.max(range.bucketSeconds * 1000, GAP_FACTOR * usualStepMs(series.points)),
    series: [{ name: series.metric, tone: 4, points: series.points }],
    format: formatOf(unit),
  });
}

/** Business numbers come hourly or daily as often as by the minute: the median distance of their points. */
function usualStepMs(points: BusinessSeries['points']): number {
  const steps = points.slice(1).map(([timeMs], index) => timeMs - (points[index]?.[0] ?? timeMs));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}

function some(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
