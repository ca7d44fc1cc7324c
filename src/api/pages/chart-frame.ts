import type { ScaleTime } from 'd3-scale';
import { CHART, timeTicks } from './chart-scales.ts';
import { moment } from './format.ts';
import { html, type Html } from './html.ts';

/** A stretch of time to set off, such as the firing of an alert; epoch ms. */
export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly name: string;
}

/** A moment to set off, such as a deploy; epoch ms. */
export interface TimeMark {
  readonly atMs: number;
  readonly name: string;
}

/** What is shown behind the data of a chart. */
export interface Backdrop {
  readonly spans?: readonly TimeSpan[] | undefined;
  readonly marks?: readonly TimeMark[] | undefined;
}

/** A range of time that charts share, epoch ms, with what is shown behind them. */
export interface TimeAxis extends Backdrop {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Frame extends Backdrop {
  readonly x: ScaleTime<number, number>;
  /** Lower end of what is drawn, in units of the picture. */
  readonly bottom: number;
}

/** Returns the shaded stretches, the marked moments and the labels of the time axis. */
export function chartFrame(frame: Frame): Html {
  const { x, bottom } = frame;
  return html`${(frame.spans ?? []).map((span) => spanRect(span, frame))}${timeTicks(x).map(
    ({ atMs, label }) =>
      html`<line class="tick" x1="${round(x(atMs))}" x2="${round(x(atMs))}" y1="${bottom}" y2="${bottom + 4}"/><text x="${round(x(atMs))}" y="${bottom + 18}" text-anchor="middle">${label}</text>`,
  )}${(frame.marks ?? []).filter(({ atMs }) => isInside(atMs, x)).map((mark) => markLine(mark, frame))}`;
}

/** Returns what the shading and the marks of a chart mean, for its legend. */
export function backdropKeys({ spans, marks }: Backdrop): readonly Html[] {
  return [
    ...(spans === undefined || spans.length === 0
      ? []
      : [
          html`<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true"><rect class="span" width="24" height="10"/></svg>an alert was firing</li>`,
        ]),
    ...(marks === undefined || marks.length === 0
      ? []
      : [
          html`<li><svg class="key" viewBox="0 0 24 10" aria-hidden="true"><line class="mark" x1="12" x2="12" y1="0" y2="10"/><path class="flag" d="M12 0h9l-3 3 3 3h-9z"/></svg>a change</li>`,
        ]),
  ];
}

/** Returns a length rounded to a tenth, which is finer than a screen shows. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function spanRect(span: TimeSpan, { x, bottom }: Frame): Html | undefined {
  const [left, right] = [x(span.fromMs), x(span.toMs)];
  const isOutside = right <= CHART.left || left >= CHART.width - CHART.right;
  if (isOutside) return undefined;
  return html`<rect class="span" x="${round(left)}" width="${round(Math.max(2, right - left))}" y="${CHART.top}" height="${round(bottom - CHART.top)}"><title>${span.name}</title></rect>`;
}

function markLine({ atMs, name }: TimeMark, { x, bottom }: Frame): Html {
  const at = round(x(atMs));
  return html`<g><title>${moment(atMs)}: ${name}</title><line class="mark" x1="${at}" x2="${at}" y1="2" y2="${bottom}"/><path class="flag" d="M${at} 2h10l-3 4 3 4h-10z"/></g>`;
}

function isInside(atMs: number, x: ScaleTime<number, number>): boolean {
  const [from, to] = x.domain();
  return from !== undefined && to !== undefined && atMs >= from.getTime() && atMs <= to.getTime();
}
