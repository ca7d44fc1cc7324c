import { day, moment } from './format.ts';
import { html, type Html } from './html.ts';
import { simulatedMark } from './parts.ts';
import { niceTicks, timeTicks } from './ticks.ts';

/** One line of a chart; `tone` chooses its colour. */
export interface ChartSeries {
  readonly name: string;
  readonly tone: 1 | 2 | 3 | 4;
  /** [epoch ms, value], in order of time. */
  readonly points: readonly (readonly [number, number | null])[];
}

export interface LineChart {
  /** Unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** True when what is drawn is not real. */
  readonly simulated?: boolean | undefined;
  readonly series: readonly ChartSeries[];
  readonly objective?: { readonly name: string; readonly value: number } | undefined;
  /** A stretch of time to set off, such as the firing of an alert; epoch ms. */
  readonly highlight?: { readonly fromMs: number; readonly toMs: number; readonly name: string } | undefined;
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

const WIDTH = 1200;
const HEIGHT = 230;
const BOX = { left: 70, right: 30, top: 10, bottom: 26 };
const DEFAULT_READINGS = 60;

/** Returns a figure with the lines as inline SVG, a legend, and the same numbers as a table for those who cannot see it. */
export function lineChart(chart: LineChart): Html {
  const scales = scalesOf(chart);
  const { x, y, low, high } = scales;
  const baseline = y(low);
  return html`<figure>
<figcaption id="${chart.id}-caption"><b>${chart.title}${simulatedMark(chart.simulated === true)}</b>${chart.caption}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${chart.title}${chart.simulated === true ? ' (simulated)' : ''}" aria-describedby="${chart.id}-caption">
${highlight(chart, scales)}${niceTicks(low, high).map((value) => {
  const at = round(y(value));
  return html`<line class="grid" x1="${BOX.left}" x2="${WIDTH - BOX.right}" y1="${at}" y2="${at}"/><text x="${BOX.left - 6}" y="${round(at + 4)}" text-anchor="end">${chart.format(value)}</text>`;
})}${timeTicks(chart.fromMs, chart.toMs).map(
  ({ atMs, label }) => html`<text x="${round(x(atMs))}" y="${HEIGHT - 7}" text-anchor="middle">${label}</text>`,
)}
${chart.objective === undefined ? undefined : html`<line class="objective" x1="${BOX.left}" x2="${WIDTH - BOX.right}" y1="${round(y(chart.objective.value))}" y2="${round(y(chart.objective.value))}"/>`}
${chart.series.map((series) => line(series, chart, scales))}
${hoverAreas(chart, x, baseline)}</svg>
${legend(chart)}
${numbers(chart)}</figure>`;
}

interface Scales {
  readonly x: (timeMs: number) => number;
  readonly y: (value: number) => number;
  readonly low: number;
  readonly high: number;
}

function scalesOf(chart: LineChart): Scales {
  const values = chart.series.flatMap((series) =>
    series.points.flatMap(([, value]) => (value === null ? [] : [value])),
  );
  const all = [...values, ...(chart.objective === undefined ? [] : [chart.objective.value])];
  const ticks = niceTicks(Math.min(0, ...all), Math.max(...all, 0));
  const low = chart.bounds?.low ?? ticks[0] ?? 0;
  const high = chart.bounds?.high ?? ticks.at(-1) ?? 1;
  const [width, height] = [WIDTH - BOX.left - BOX.right, HEIGHT - BOX.top - BOX.bottom];
  const length = Math.max(1, chart.toMs - chart.fromMs);
  return {
    x: (timeMs) => BOX.left + ((timeMs - chart.fromMs) / length) * width,
    y: (value) => BOX.top + (1 - (Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) * height,
    low,
    high,
  };
}

function line(series: ChartSeries, chart: LineChart, { x, y }: Scales): Html {
  const runs: (readonly [number, number])[][] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const [timeMs, value] of series.points) {
    if (value === null) continue;
    const run = runs.at(-1);
    if (run === undefined || timeMs - lastMs > chart.gapMs) runs.push([[x(timeMs), y(value)]]);
    else run.push([x(timeMs), y(value)]);
    lastMs = timeMs;
  }
  const path = runs
    .filter((run) => run.length > 1)
    .map((run) => `M${run.map(([px, py]) => `${round(px)} ${round(py)}`).join('L')}`)
    .join('');
  // A point without neighbours has no line to show it.
  const alone = runs.filter((run) => run.length === 1).flat();
  return html`${path === '' ? undefined : html`<path class="s${series.tone}" d="${path}"/>`}${alone.map(
    ([px, py]) => html`<circle class="s${series.tone}" cx="${round(px)}" cy="${round(py)}" r="2.5"/>`,
  )}`;
}

function highlight({ highlight: span }: LineChart, { x }: Scales): Html | undefined {
  if (span === undefined) return undefined;
  const left = Math.max(BOX.left, x(span.fromMs));
  const width = Math.max(2, Math.min(WIDTH - BOX.right, x(span.toMs)) - left);
  return html`<rect class="span" x="${round(left)}" width="${round(width)}" y="${BOX.top}" height="${HEIGHT - BOX.top - BOX.bottom}"><title>${span.name}</title></rect>`;
}

/** The times whose numbers can be read, evenly thinned when there are too many. */
function readingsOf(chart: LineChart): { readonly times: readonly number[]; readonly step: number } {
  const all = new Set(chart.series.flatMap((series) => series.points.map(([timeMs]) => timeMs)));
  const step = Math.max(1, Math.ceil(all.size / (chart.readings ?? DEFAULT_READINGS)));
  return { times: [...all].sort((a, b) => a - b).filter((_, index) => index % step === 0), step };
}

/** The reader points at a time and the browser shows its numbers, without a script. */
function hoverAreas(chart: LineChart, x: Scales['x'], baseline: number): readonly Html[] {
  const { times } = readingsOf(chart);
  const values = chart.series.map((series) => ({ name: series.name, at: new Map(series.points) }));
  return times.map((timeMs, index) => {
    const left = x(index === 0 ? timeMs : (timeMs + (times[index - 1] ?? timeMs)) / 2);
    const right = x(index === times.length - 1 ? timeMs : (timeMs + (times[index + 1] ?? timeMs)) / 2);
    const lines = values.map(({ name, at }) => `${name} ${chart.format(at.get(timeMs))}`);
    return html`<rect class="hit" x="${round(left)}" width="${round(Math.max(2, right - left))}" y="${BOX.top}" height="${round(baseline - BOX.top)}"><title>${timeText(chart, timeMs)}: ${lines.join(', ')}</title></rect>`;
  });
}

function legend({ series, objective }: LineChart): Html {
  return html`<ul class="legend">${series.map(({ name, tone }) => html`<li><i class="s${tone}"></i>${name}</li>`)}${
    objective === undefined ? undefined : html`<li><i class="objective"></i>${objective.name}</li>`
  }</ul>`;
}

function numbers(chart: LineChart): Html | undefined {
  const { times, step } = readingsOf(chart);
  if (times.length === 0) return undefined;
  const values = chart.series.map((series) => new Map(series.points));
  return html`<details><summary>${chart.title}: the numbers</summary><table><caption>${chart.title}${step === 1 ? '' : `, every ${step}th point`}</caption><thead><tr><th scope="col" class="t">Time</th>${chart.series.map(
    (series) => html`<th scope="col">${series.name}</th>`,
  )}</tr></thead><tbody>${times.map(
    (
      timeMs,
    ) => html`<tr><th scope="row" class="t">${timeText(chart, timeMs)}</th>${values.map((at) => html`<td>${chart.format(at.get(timeMs))}</td>`)}</tr>
`,
  )}</tbody></table></details>`;
}

function timeText(chart: LineChart, timeMs: number): string {
  return chart.gapMs >= 86_400_000 ? day(timeMs) : moment(timeMs);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
