/** Returns four to eight round values from at or below `low` to at or above `high`. */
export function niceTicks(low: number, high: number): readonly number[] {
  const span = high - low || Math.abs(high) || 1;
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  // Multiplying, not adding up, keeps 0.3 from becoming 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Returns at most eight labelled moments inside a range, on whole minutes, hours, days or months in UTC. */
export function timeTicks(fromMs: number, toMs: number): readonly { readonly atMs: number; readonly label: string }[] {
  const length = toMs - fromMs;
  if (length > MONTHS_FROM_MS) return monthTicks(fromMs, toMs);
  const step = STEPS.find((candidate) => length / candidate <= MAX_TICKS) ?? length;
  const first = Math.ceil(fromMs / step) * step;
  const count = Math.max(0, Math.floor((toMs - first) / step) + 1);
  return Array.from({ length: count }, (_, index) => {
    const atMs = first + index * step;
    const iso = new Date(atMs).toISOString();
    return { atMs, label: step >= DAY_MS ? iso.slice(5, 10) : iso.slice(11, 16) };
  });
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MAX_TICKS = 8;
const MONTHS_FROM_MS = 75 * DAY_MS;
const STEPS = [
  MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  4 * DAY_MS,
  7 * DAY_MS,
  14 * DAY_MS,
];

function monthTicks(fromMs: number, toMs: number): readonly { readonly atMs: number; readonly label: string }[] {
  const start = new Date(fromMs);
  const months = (toMs - fromMs) / (30 * DAY_MS);
  const every = Math.ceil(months / MAX_TICKS);
  const ticks: { readonly atMs: number; readonly label: string }[] = [];
  for (let month = start.getUTCMonth(); ; month += every) {
    const atMs = Date.UTC(start.getUTCFullYear(), month, 1);
    if (atMs > toMs) return ticks;
    if (atMs >= fromMs) ticks.push({ atMs, label: new Date(atMs).toISOString().slice(0, 7) });
  }
}
