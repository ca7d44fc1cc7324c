import { BUDGET_SHARES } from '../../../src/analysis/minute/budget-shares.ts';
import type { Clause } from './bar.ts';
import type { Minutes } from './minute-run.ts';

/** Compares the minute detectors with their share of the false alarms, and with two minutes for what is plainly broken. */
export function judgeMinutes({ quiet, faults }: Minutes): readonly Clause[] {
  const calm = quiet.map(
    ({ rows, rate }): Clause => ({
      id: `m${rows}`,
      clause: `minute detectors on calm records, ${rows} rows in two minutes`,
      required: `<= ${BUDGET_SHARES.minute} a month`,
      measured: `${rate.value.toFixed(2)} [${rate.low.toFixed(2)}, ${rate.high.toFixed(2)}]`,
      ok: rate.low <= BUDGET_SHARES.minute,
    }),
  );
  const busy = faults.filter(({ rows, hidden }) => rows >= BUSY_ROWS && !hidden);
  const detection = busy.map(
    ({ fault, rows, found, medianMinutes }): Clause => ({
      id: 'mf',
      clause: `${fault}, ${rows} rows in two minutes`,
      required: `found, median <= ${MAX_MINUTES} minutes`,
      measured: `${(100 * found.value).toFixed(0)} %, ${medianMinutes} minutes`,
      ok: found.high >= FOUND_SHARE && medianMinutes <= MAX_MINUTES,
    }),
  );
  return [...calm, ...detection];
}

const BUSY_ROWS = 200;
const FOUND_SHARE = 0.95;
const MAX_MINUTES = 2;
