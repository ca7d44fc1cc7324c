import { BUDGET_SHARES } from '../../../src/analysis/minute/budget-shares.ts';
import type { Clause } from './bar.ts';
import { poissonRate } from './bounds.ts';
import type { MinuteFault, MinuteQuiet } from './minute-run.ts';

/** Compares the minute detectors with their share of the false alarms, and with two minutes for what is plainly broken. */
export function judgeMinutes(quiet: readonly MinuteQuiet[], faults: readonly MinuteFault[]): readonly Clause[] {
  const volumes = quiet.map(({ rows, months, alarms }) => ({ rows: `${rows} rows in two minutes`, months, alarms }));
  const pooled = {
    rows: 'all volumes together',
    months: quiet.reduce((sum, { months }) => sum + months, 0),
    alarms: quiet.reduce((sum, { alarms }) => sum + alarms, 0),
  };
  const calm = [...volumes, pooled].map(({ rows, months, alarms }): Clause => {
    const { value, low, high } = poissonRate(alarms, months);
    return {
      id: 'mq',
      clause: `minute detectors on calm records, ${rows}: alarms per model-month`,
      required: `<= ${BUDGET_SHARES.minute}`,
      measured: `${value.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}] in ${months.toFixed(1)} months`,
      ok: low <= BUDGET_SHARES.minute,
      certain: high <= BUDGET_SHARES.minute,
    };
  });
  const busy = faults.filter(({ rows, hidden }) => rows >= BUSY_ROWS && !hidden);
  const detection = busy.map(
    ({ fault, rows, found, medianMinutes }): Clause => ({
      id: 'mf',
      clause: `${fault}, ${rows} rows in two minutes`,
      required: `found, median <= ${MAX_MINUTES} minutes`,
      measured: `${(100 * found.value).toFixed(0)} %, ${medianMinutes} minutes`,
      ok: found.high >= FOUND_SHARE && medianMinutes <= MAX_MINUTES,
      certain: found.low >= FOUND_SHARE && medianMinutes <= MAX_MINUTES,
    }),
  );
  return [...calm, ...detection];
}

const BUSY_ROWS = 200;
const FOUND_SHARE = 0.95;
const MAX_MINUTES = 2;
