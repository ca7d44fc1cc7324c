import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeError, UsageError } from '../../src/core/errors.ts';
import { vectorRegistry } from '../../src/stats/vectors/registry.ts';
import { runCases } from '../../src/stats/vectors/run.ts';
import type { Bench } from './bench.ts';
import { type Clause, type Findings, judgeBar } from './calibration/bar.ts';
import { judgeMinutes } from './calibration/minute-bar.ts';
import { median } from './calibration/bounds.ts';
import { type Minutes, rowsForConstant, runMinutes } from './calibration/minute-run.ts';
import { NAIVE_RULES } from './calibration/naive-rules.ts';
import { type QuietCase, type QuietResult, runQuiet } from './calibration/quiet-run.ts';
import { createUniform } from './calibration/random.ts';
import { dailyCases, hardCases, quietCases, quietDailyCases, type Scale, shiftCases } from './calibration/scenarios.ts';
import { runShift, type ShiftCase, type ShiftResult } from './calibration/shift-run.ts';
import { barTable, minuteFaultTable, minuteQuietTable, quietTable, shiftTable } from './calibration/table.ts';

/** False alarms and detection of the drift verdict against the acceptance bar, beside the rules of other tools. */
export const bench: Bench = {
  name: 'calibration',
  describe:
    'false alarms and detection of the drift verdict and the minute detectors; options --seed N, --scale quick|full, --part all|minute',
  run: async (args) => {
    const { seed, scale, part } = readOptions(args);
    const minutes = runMinutes(scale, (name) => createUniform(seed, name));
    printMinutes(minutes);
    const minuteClauses = judgeMinutes(minutes);
    if (part === 'minute') return finish(minuteClauses, { seed, scale });
    const found = await measure(seed, scale);
    const clauses = [...judgeBar(found), ...minuteClauses];
    for (const clause of clauses) print({ bench: 'calibration', part: 'bar', ...clause });
    const tables = [
      [
        'No drift: naive rules per feature-day (windows per model-month), verdict per model-month.',
        quietTable(found.quiet),
      ],
      ['Detection within 24 h: share of trials / median hours.', shiftTable(found.shifts, 24)],
      ['Harder cases: share of trials within 24 h (ramps 168 h) / median hours.', shiftTable(found.hard, 168)],
      ['Windows of 24 h merged, no drift.', quietTable(found.quietDaily)],
      ['Windows of 24 h merged: share of looks.', shiftTable(found.daily, 1)],
    ] as const;
    for (const [title, lines] of tables) printTable(title, lines);
    finish(clauses, { seed, scale });
  },
};

function finish(clauses: readonly Clause[], { seed, scale }: { readonly seed: number; readonly scale: Scale }): void {
  for (const clause of clauses) print({ bench: 'calibration', part: 'bar', ...clause });
  printTable(`Acceptance bar, seed ${seed}, scale ${scale}.`, barTable(clauses));
  if (clauses.some((clause) => !clause.ok)) process.exitCode = 1;
}

function printMinutes({ quiet, faults }: Minutes): void {
  for (const result of quiet) print({ bench: 'calibration', part: 'minute_calm', ...result });
  for (const result of faults) print({ bench: 'calibration', part: 'minute_faults', ...result });
  printTable('Minute detectors, calm records: false alarms a model and month.', minuteQuietTable(quiet));
  printTable(
    'Minute detectors, planted faults: share found within 10 minutes / median minutes.',
    minuteFaultTable(faults),
  );
  const least = [0.1, 0.15, 0.25].map((share) => `${rowsForConstant(share)} rows where it was ${100 * share} %`);
  console.log(
    `# One look can tell a constant from chance, by the largest share of a tenth before: ${least.join(', ')}.`,
  );
}

function printTable(title: string, lines: readonly string[]): void {
  console.log(['#', `# ${title}`, ...lines].join('\n'));
}

function readOptions(args: readonly string[]): {
  readonly seed: number;
  readonly scale: Scale;
  readonly part: 'all' | 'minute';
} {
  const options = {
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: 'quick' },
    part: { type: 'string', default: 'all' },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const seed = Number(values.seed);
    if (!Number.isInteger(seed)) throw new UsageError(`The seed must be a whole number, not '${values.seed}'.`);
    if (values.scale !== 'quick' && values.scale !== 'full') {
      throw new UsageError(`The scale must be quick or full, not '${values.scale}'.`);
    }
    if (values.part !== 'all' && values.part !== 'minute') {
      throw new UsageError(`The part must be all or minute, not '${values.part}'.`);
    }
    return { seed, scale: values.scale, part: values.part };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(describeError(error), { cause: error });
  }
}

async function measure(seed: number, scale: Scale): Promise<Findings & { readonly hard: readonly ShiftResult[] }> {
  const quiet = (part: string, cases: readonly QuietCase[]): readonly QuietResult[] =>
    cases.map((job) => {
      const started = performance.now();
      const result = runQuiet(job, createUniform(seed, `${part}/${job.name}/${job.plan.rows}`));
      print({ bench: 'calibration', part, ...result, seconds: secondsSince(started) });
      return result;
    });
  const shifted = (part: string, cases: readonly ShiftCase[]): readonly ShiftResult[] =>
    cases.map((job) => {
      const started = performance.now();
      const result = runShift(job, createUniform(seed, `${part}/${job.name}/${job.plan.rows}`));
      print({ bench: 'calibration', part, ...summary(result, job.windows), seconds: secondsSince(started) });
      return result;
    });
  return {
    quiet: quiet('no_drift', quietCases(scale)),
    shifts: shifted('detection', shiftCases(scale)),
    hard: shifted('harder', hardCases(scale)),
    quietDaily: quiet('no_drift_24h', quietDailyCases(scale)),
    daily: shifted('detection_24h', dailyCases(scale)),
    golden: await golden(),
  };
}

async function golden(): Promise<Findings['golden']> {
  const text = await readFile(new URL('../golden/statistics.json', import.meta.url), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const results = runCases(parsed, vectorRegistry);
  return { passed: results.filter((result) => result.mismatches.length === 0).length, cases: results.length };
}

function summary(result: ShiftResult, windows: number) {
  const { name, n, trials, phi, judged, events, rejected, negligible } = result;
  const seen = (first: readonly number[]) => {
    const middle = median(first);
    return {
      share: first.filter((at) => at <= windows).length / first.length,
      median_windows: middle <= windows ? middle : null,
    };
  };
  return {
    name,
    n,
    trials,
    windows,
    phi,
    judged,
    events,
    rejected,
    negligible,
    event: seen(result.firstEvent),
    alarm: seen(result.firstAlarm),
    low_floor_alarm: seen(result.firstLowFloorAlarm),
    naive: Object.fromEntries(NAIVE_RULES.map((rule) => [rule, seen(result.naive[rule])])),
  };
}

function print(entry: unknown): void {
  console.log(JSON.stringify(entry));
}

function secondsSince(started: number): number {
  return Math.round((performance.now() - started) / 10) / 100;
}
