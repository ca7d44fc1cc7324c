import { median } from './bounds.ts';
import type { Clause } from './bar.ts';
import type { MinuteFault, MinuteQuiet } from './minute-run.ts';
import { NAIVE_RULES } from './naive-rules.ts';
import type { QuietResult } from './quiet-run.ts';
import type { ShiftResult } from './shift-run.ts';

/** Returns the false alarms without drift, one line a case; naive cells: per feature-day (windows per model-month). */
export function quietTable(results: readonly QuietResult[]): readonly string[] {
  return table(
    ['no drift', 'n', 'months', 'phi', ...NAIVE_RULES, 'events/month', 'alarms/month', 'blind'],
    results.map((result) => [
      result.name,
      String(result.n),
      result.months.toFixed(2),
      result.phi.toFixed(1),
      ...NAIVE_RULES.map((rule) => {
        const { windows, featureDays } = result.naive[rule];
        return `${short(featureDays / result.featureDays)} (${short((HOURS_PER_MONTH * windows) / result.windows)})`;
      }),
      short(result.events / result.months),
      short(result.alarms / result.months),
      percent(result.blind),
    ]),
  );
}

/** Returns detection and delay, one line a case: share of trials that saw it in time / median windows until it did. */
export function shiftTable(results: readonly ShiftResult[], windows: number): readonly string[] {
  return table(
    ['shift of 1 of 50 features', 'n', 'trials', 'phi', ...NAIVE_RULES, 'event', 'alarm', 'events/window', 'within q'],
    results.map((result) => [
      result.name,
      String(result.n),
      String(result.trials),
      result.phi.toFixed(1),
      ...NAIVE_RULES.map((rule) => seen(result.naive[rule], windows)),
      seen(result.firstEvent, windows),
      seen(result.firstAlarm, windows),
      percent(result.events / result.judged),
      percent(result.rejected / result.judged),
    ]),
  );
}

/** Returns the false alarms of the minute detectors, one line a volume of traffic. */
export function minuteQuietTable(results: readonly MinuteQuiet[]): readonly string[] {
  return table(
    ['rows in 2 minutes', 'months', 'alarms', 'alarms/month', 'suspected'],
    results.map(({ rows, months, alarms, rate, suspects }) => [
      String(rows),
      months.toFixed(2),
      String(alarms),
      `${short(rate.value)} [${short(rate.low)}, ${short(rate.high)}]`,
      suspects.join('; '),
    ]),
  );
}

/** Returns the detection of planted faults, one line a fault and volume. */
export function minuteFaultTable(results: readonly MinuteFault[]): readonly string[] {
  return table(
    ['fault', 'rows in 2 minutes', 'trials', 'found', 'median minutes'],
    results.map(({ fault, rows, trials, found, medianMinutes }) => [
      fault,
      String(rows),
      String(trials),
      percent(found.value),
      Number.isFinite(medianMinutes) ? String(medianMinutes) : 'never',
    ]),
  );
}

/** Returns the clauses of the bar, one line each. */
export function barTable(clauses: readonly Clause[]): readonly string[] {
  return table(
    ['', 'clause', 'required', 'measured [95 %]', ''],
    clauses.map(({ id, clause, required, measured, ok, certain }) => [
      id,
      clause,
      required,
      measured,
      certain ? 'ok' : ok ? 'within error' : 'NOT OK',
    ]),
  );
}

const HOURS_PER_MONTH = 720;

function seen(first: readonly number[], windows: number): string {
  const share = first.filter((at) => at <= windows).length / first.length;
  if (share === 0) return '0 / -';
  const middle = median(first);
  return `${share.toFixed(2)} / ${middle <= windows ? middle : `>${windows}`}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `# | ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), `# |${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)];
}

function percent(share: number): string {
  return `${short(100 * share)} %`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(2)));
}
