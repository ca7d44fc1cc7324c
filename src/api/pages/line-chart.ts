import { line } from 'd3-shape';
import { backdropKeys, type Backdrop, chartFrame, round } from './chart-frame.ts';
import { CHART, timeScale, valueScale, valueTicks } from './chart-scales.ts';
import { day, moment } from './format.ts';
import { html, type Html } from './html.ts';
import { simulatedMark } from './parts.ts';

/** One line of a chart; `tone` chooses its colour and its dashes. */
export interface ChartSeries {
  readonly name: string;
  readonly tone: 1 | 2 | 3 | 4;
  /** [epoch ms, value], in order of time. */
  readonly points: readonly (readonly [number, number | null])[];
}

export interface LineChart extends Backdrop {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** True when what is drawn is not real. */
  readonly simulated?: boolean | undefined;
  readonly series: readonly ChartSeries[];
  readonly objective?: { readonly name: string; readonly value: number } | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  /** Points further apart than this are not joined: nothing is drawn where nothing was measured. */
  readonly gapMs: number;
  readonly format: (value: number | null | undefined) => string;
  /** At most this many points can be pointed at and stand in the table; 60 by default, which keeps pages small. */
  readonly readings?: number | undefined;
  /** Bounds of the value axis where they are natural, such as 0..1. */
  readonly bounds?: { readonly low: number; readonly high: number } | undefined;
}

/** Returns a figure with the lines as inline SVG, a legend, and the same numbers as a table for those who cannot see it. */
export function lineChart(chart: LineChart): Html {
  const scales = scalesOf(chart);
  const { x, y } = scales;
  const bottom = CHART.height - CHART.bottom;
  const label = `${chart.title}${chart.simulated === true ? ' (simulated)' : ''}`;
  return html`<figure>
<figcaption id="${chart.id}-caption"><b>${chart.title}${simulatedMark(chart.simulated === true)}</b>${chart.caption}${summary(chart)}</figcaption>
<div class="chart"><svg viewBox="0 0 ${CHART.width} ${CHART.height}" role="img" aria-label="${label}" aria-describedby="${chart.id}-caption">
${valueTicks(y).map((value) => {
  const at = round(y(value));
  return html`<line class="grid" x1="${CHART.left}" x2="${CHART.width - CHART.right}" y1="${at}" y2="${at}"/><text x="${CHART.left - 8}" y="${round(at + 4)}" text-anchor="end">${chart.format(value)}</text>`;
})}${chartFrame({ x, bottom, spans: chart.spans, marks: chart.marks })}
${objectiveLine(chart, scales)}${chart.series.map((series) => seriesLine(series, chart, scales))}
${hoverAreas(chart, x, bottom)}</svg></div>
${legend(chart)}
${numbers(chart)}</figure>`;
}

type Scales = { readonly x: ReturnType<typeof timeScale>; readonly y: ReturnType<typeof valueScale> };
type Point = ChartSeries['points'][number];

const DEFAULT_READINGS = 60;

function valuesOf({ series }: LineChart): readonly number[] {
  return series.flatMap(({ points }) => points.flatMap(([, value]) => (value === null ? [] : [value])));
}

function scalesOf(chart: LineChart): Scales {
  const objective = chart.objective === undefined ? [] : [chart.objective.value];
  return {
    x: timeScale(chart.fromMs, chart.toMs),
    y: valueScale([...valuesOf(chart), ...objective], chart.bounds),
  };
}

function seriesLine({ points, tone }: ChartSeries, { gapMs }: LineChart, { x, y }: Scales): Html {
  const broken = thinned(withGaps(points, gapMs));
  const draw = line<Point>()
    .x(([timeMs]) => x(timeMs))
    .y(([, value]) => y(value ?? 0))
    .defined(([, value]) => value !== null)
    .digits(1);
  // A point without neighbours has no line to show it.
  const alone = broken.filter(
    ([, value], index) => value !== null && isGap(broken[index - 1]) && isGap(broken[index + 1]),
  );
  const path = draw(broken.filter((point) => !alone.includes(point)));
  return html`${path === null ? undefined : html`<path class="s${tone}" d="${path}"/>`}${alone.map(
    ([timeMs, value]) => html`<circle class="s${tone}" cx="${round(x(timeMs))}" cy="${round(y(value ?? 0))}" r="2.5"/>`,
  )}`;
}

/** More steps than this no screen shows apart. */
const MAX_STEPS = 200;

/** Keeps of many points the first, the lowest, the highest and one gap of each step, so that a peak of one minute is still seen. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= 3 * MAX_STEPS) return points;
  const size = Math.ceil(points.length / MAX_STEPS);
  return Array.from({ length: Math.ceil(points.length / size) }, (_, step) => {
    const part = points.slice(step * size, (step + 1) * size);
    const byValue = part.filter(([, value]) => value !== null).toSorted(([, a], [, b]) => (a ?? 0) - (b ?? 0));
    const kept = new Set([part[0], byValue[0], byValue.at(-1), part.find((point) => isGap(point))]);
    return part.filter((point) => kept.has(point));
  }).flat();
}

/** Puts an undefined point between points that are too far apart to be joined. */
function withGaps(points: readonly Point[], gapMs: number): readonly Point[] {
  const measured = points.filter(([, value]) => value !== null);
  return measured.flatMap((point, index): readonly Point[] => {
    const before = measured[index - 1];
    return before !== undefined && point[0] - before[0] > gapMs ? [[before[0] + gapMs, null], point] : [point];
  });
}

function isGap(point: Point | undefined): boolean {
  return point === undefined || point[1] === null;
}

function objectiveLine({ objective }: LineChart, { y }: Scales): Html | undefined {
  if (objective === undefined) return undefined;
  const at = round(y(objective.value));
  const right = CHART.width - CHART.right;
  return html`<line class="objective" x1="${CHART.left}" x2="${right}" y1="${at}" y2="${at}"/><text class="objective" x="${right}" y="${at < CHART.top + 16 ? at + 14 : at - 5}" text-anchor="end">objective</text>`;
}

/** The times whose numbers can be read, evenly thinned when there are too many. */
function readingsOf(chart: LineChart): { readonly times: readonly number[]; readonly step: number } {
  const all = new Set(chart.series.flatMap((series) => series.points.map(([timeMs]) => timeMs)));
  const step = Math.max(1, Math.ceil(all.size / (chart.readings ?? DEFAULT_READINGS)));
  return { times: [...all].sort((a, b) => a - b).filter((_, index) => index % step === 0), step };
}

/** The reader points at a time and the browser shows its numbers, without a script. */
function hoverAreas(chart: LineChart, x: Scales['x'], bottom: number): readonly Html[] {
  const { times } = readingsOf(chart);
  const values = chart.series.map((series) => ({ name: series.name, at: new Map(series.points) }));
  return times.map((timeMs, index) => {
    const left = x((timeMs + (times[index - 1] ?? timeMs)) / 2);
    const right = x((timeMs + (times[index + 1] ?? timeMs)) / 2);
    const lines = values.map(({ name, at }) => `${name} ${chart.format(at.get(timeMs))}`);
    return html`<rect class="hit" x="${round(left)}" width="${round(Math.max(2, right - left))}" y="${CHART.top}" height="${bottom - CHART.top}"><title>${timeText(chart, timeMs)}: ${lines.join(', ')}</title></rect>`;
  });
}

/** Returns what a look at the lines would tell, in words. */
function summary(chart: LineChart): Html | undefined {
  const parts = chart.series.flatMap(({ name, points }) => {
    const measured = points.flatMap(([, value]) => (value === null ? [] : [value]));
    if (measured.length < 2) return [];
    const low = measured.reduce((a, b) => Math.min(a, b));
    const high = measured.reduce((a, b) => Math.max(a, b));
    return [
      low === high
        ? `${name} always ${chart.format(low)}`
        : `${name} ${chart.format(low)} to ${chart.format(high)}, last ${chart.format(measured.at(-1))}`,
    ];
  });
  return parts.length === 0 ? undefined : html` <span class="range">${parts.join('; ')}.</span>`;
}

function legend(chart: LineChart): Html {
  const { series, objective } = chart;
  return html`<ul class="legend">${series.map(({ name, tone }) => html`<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true"><path class="s${tone}" d="M0 5H24"/></svg>${name}</li>`)}${
    objective === undefined
      ? undefined
      : html`<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true"><line class="objective" x1="0" x2="24" y1="5" y2="5"/></svg>${objective.name}</li>`
  }${backdropKeys(chart)}</ul>`;
}

function numbers(chart: LineChart): Html | undefined {
  const { times, step } = readingsOf(chart);
  if (times.length === 0) return undefined;
  const values = chart.series.map((series) => new Map(series.points));
  return html`<details><summary>${chart.title}: the numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="${chart.title}: the numbers"><table><caption>${chart.title}${step === 1 ? '' : `, every ${step}th point`}</caption><thead><tr><th scope="col" class="t">Time</th>${chart.series.map(
    (series) => html`<th scope="col">${series.name}</th>`,
  )}</tr></thead><tbody>${times.map(
    (
      timeMs,
    ) => html`<tr><th scope="row" class="t">${timeText(chart, timeMs)}</th>${values.map((at) => html`<td>${chart.format(at.get(timeMs))}</td>`)}</tr>
`,
  )}</tbody></table></div></details>`;
}

function timeText(chart: LineChart, timeMs: number): string {
  return chart.gapMs >= 86_400_000 ? day(timeMs) : moment(timeMs);
}
