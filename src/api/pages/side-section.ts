import { findSignal } from '../../signals/catalogue.ts';
import type { SignalUnit } from '../../signals/signal-definition.ts';
import type { BusinessSeries, GpuSeries } from '../../store/queries/evidence.ts';
import { isSimulated } from '../read/simulated.ts';
import { duration, moment, number, percent, seconds } from './format.ts';
import { html, type Html } from './html.ts';
import { lineChart } from './line-chart.ts';
import type { BucketedRange, ModelNumbers } from './model-data.ts';
import { reproduce } from './parts.ts';

const SHOWN_GPU_SIGNALS = ['gpu_utilization_ratio', 'gpu_memory_used_ratio'];
const MAX_BUSINESS = 4;

/** Returns GPU and business series, each marked when it is simulated; without any, a sentence that says so. */
export function sideSection({ side, sql }: ModelNumbers): Html {
  const heading = html`<h2 id="gpu">GPU and business</h2>`;
  if (side === undefined) {
    return html`${heading}<p>GPU: no data. Business: no data. No samples of this model in this range.</p>${reproduce(sql.side)}`;
  }
  const { range, gpu, business } = side;
  const shown = business.slice(0, MAX_BUSINESS);
  return html`${heading}
<p class="soft">From ${moment(range.fromMs)} to ${moment(range.toMs)}, means over ${duration(range.bucketSeconds * 1000)}.</p>
${gpuPart(gpu, range)}
${business.length === 0 ? html`<p>Business: no data.</p>` : shown.map((series, index) => businessPart(series, range, index))}
${business.length > shown.length ? html`<p class="soft">${business.length - shown.length} more business metrics are not shown.</p>` : undefined}
${reproduce(sql.side)}`;
}

/** Returns how a value of a unit is written. */
export function formatOf(unit: SignalUnit): (value: number | null | undefined) => string {
  if (unit === 'ratio') return (value) => percent(value);
  return unit === 'seconds' ? seconds : (value) => number(value);
}

function gpuPart(gpu: readonly GpuSeries[], range: BucketedRange): Html {
  const series = gpu.filter(({ signal }) => SHOWN_GPU_SIGNALS.includes(signal));
  if (series.length === 0) return html`<p>GPU: no data.</p>`;
  const names = (pick: (entry: GpuSeries) => readonly string[]): readonly string[] =>
    [...new Set(gpu.flatMap(pick))].filter((name) => name !== '');
  const pods = names((entry) => entry.pods);
  const gpus = names((entry) => entry.gpus);
  const simulated = isSimulated(...pods, ...gpus, ...names((entry) => entry.nodes));
  return lineChart({
    id: 'gpu',
    title: 'GPU of the model',
    simulated,
    caption: `The busiest GPU of ${gpus.join(', ')}${pods.length === 0 ? '' : `, serving in ${pods.join(', ')}`}.`,
    ...axisOf(range),
    series: series.map(({ signal, points }, index) => ({ name: gpuName(signal), tone: index === 0 ? 1 : 2, points })),
    format: (value) => percent(value, 0),
    bounds: { low: 0, high: 1 },
  });
}

function gpuName(signal: string): string {
  return signal === 'gpu_utilization_ratio' ? 'utilisation' : 'memory used';
}

function businessPart(series: BusinessSeries, range: BucketedRange, index: number): Html {
  const simulated = isSimulated(series.metric, ...series.labels);
  const unit = findSignal(`business_${series.metric}`)?.unit ?? 'number';
  return lineChart({
    id: `business-${index}`,
    title: series.metric,
    simulated,
    caption: series.labels.length === 0 ? 'Business metric.' : `Business metric with ${series.labels.join(', ')}.`,
    ...axisOf(range),
    series: [{ name: series.metric, tone: 4, points: series.points }],
    format: formatOf(unit),
  });
}

function axisOf(range: BucketedRange) {
  const bucketMs = range.bucketSeconds * 1000;
  return { fromMs: Math.floor(range.fromMs / bucketMs) * bucketMs, toMs: range.toMs, gapMs: bucketMs };
}
