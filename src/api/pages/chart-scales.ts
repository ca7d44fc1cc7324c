import { type ScaleLinear, type ScaleTime, scaleLinear, scaleUtc } from 'd3-scale';

/** The picture that every chart is drawn in; equal margins put charts below each other on one time axis. */
export const CHART = { width: 1200, height: 220, left: 132, right: 40, top: 12, bottom: 26 } as const;

/** Returns the horizontal scale of a range of time, epoch ms; what lies outside is put on the edge. */
export function timeScale(fromMs: number, toMs: number): ScaleTime<number, number> {
  return scaleUtc()
    .domain([fromMs, Math.max(toMs, fromMs + 1)])
    .range([CHART.left, CHART.width - CHART.right])
    .clamp(true);
}

/** Returns the vertical scale that holds zero and all values between round numbers, or exactly the bounds. */
export function valueScale(
  values: readonly number[],
  bounds?: { readonly low: number; readonly high: number },
): ScaleLinear<number, number> {
  const scale = scaleLinear()
    .range([CHART.height - CHART.bottom, CHART.top])
    .clamp(true);
  if (bounds !== undefined) return scale.domain([bounds.low, bounds.high]);
  const low = values.reduce((a, b) => Math.min(a, b), 0);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  return scale.domain([low, high === low ? low + 1 : high]).nice(VALUE_TICKS);
}

/** Returns the round values that are written beside the vertical axis. */
export function valueTicks(scale: ScaleLinear<number, number>): readonly number[] {
  return scale.ticks(VALUE_TICKS);
}

/** Returns about eight labelled moments of a time axis in UTC: months, days or times of day, whichever tells them apart. */
export function timeTicks(
  scale: ScaleTime<number, number>,
): readonly { readonly atMs: number; readonly label: string }[] {
  const isos = scale.ticks(TIME_TICKS).map((at) => at.toISOString());
  const isMonths = isos.every((iso) => iso.endsWith('-01T00:00:00.000Z'));
  return isos.map((iso) => ({ atMs: Date.parse(iso), label: isMonths ? iso.slice(0, 7) : dayOrTime(iso) }));
}

const VALUE_TICKS = 4;
const TIME_TICKS = 8;

function dayOrTime(iso: string): string {
  if (iso.slice(11, 19) === '00:00:00') return iso.slice(5, 10);
  return iso.slice(17, 19) === '00' ? iso.slice(11, 16) : iso.slice(11, 19);
}
