/** What is written where a number is missing. */
export const NO_DATA = 'no data';

/** Returns a number with three significant digits and thousands separated, or "no data". */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_DATA;
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return WHOLE.format(Math.round(value));
  return THREE_DIGITS.format(Number(value.toPrecision(3)));
}

/** Returns a number with a fixed count of decimals, or "no data". */
export function decimal(value: number | null | undefined, decimals = 3): string {
  return value === null || value === undefined || !Number.isFinite(value) ? NO_DATA : value.toFixed(decimals);
}

/** Returns a ratio 0..1 in percent, or "no data". */
export function percent(value: number | null | undefined, decimals = 1): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? NO_DATA
    : `${(value * 100).toFixed(decimals)} %`;
}

/** Returns seconds in the unit that suits them, or "no data". */
export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_DATA;
  if (value === 0) return '0 s';
  if (value < 0.001) return `${number(value * 1e6)} µs`;
  return value < 1 ? `${number(value * 1e3)} ms` : `${number(value)} s`;
}

/** Returns a rate per second, per minute or per hour, whichever reads best, or "no data". */
export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined || !Number.isFinite(perSecond)) return NO_DATA;
  if (perSecond >= 1) return `${number(perSecond)} /s`;
  return perSecond * 60 >= 1 ? `${number(perSecond * 60)} /min` : `${number(perSecond * 3600)} /h`;
}

/** Returns a moment as `2026-05-03 10:00` in UTC. */
export function moment(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
}

/** Returns a moment as `2026-05-03` in UTC. */
export function day(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** Returns a length of time as `3 d 4 h`, `2 h 5 min` or `12 min`. */
export function duration(lengthMs: number): string {
  const minutes = Math.round(lengthMs / 60_000);
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days > 0) return hours === 0 ? `${days} d` : `${days} d ${hours} h`;
  if (hours > 0) return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
  return `${rest} min`;
}

// Made once: to make one costs more than all the numbers of a page.
const WHOLE = new Intl.NumberFormat('en-US');
const THREE_DIGITS = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
