import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { describeError, UsageError } from '../../src/core/errors.ts';
import { vectorRegistry } from '../../src/stats/vectors/registry.ts';
import { runCases } from '../../src/stats/vectors/run.ts';
import type { Bench } from './bench.ts';
import { type Clause, type Findings, judgeBar } from './calibration/bar.ts';
import { median } from './calibration/bounds.ts';
import type { CaseResult } from './calibration/cases.ts';
import { judgeMinutes } from './calibration/minute-bar.ts';
import { poolMinutes, rowsForConstant } from './calibration/minute-run.ts';
import { NAIVE_RULES } from './calibration/naive-rules.ts';
import { type CasePlan, simulate, type TimedResult } from './calibration/simulate.ts';
import type { ShiftResult } from './calibration/shift-run.ts';
import { barTable, minuteFaultTable, minuteQuietTable, quietTable, shiftTable } from './calibration/table.ts';

/** False alarms and detection of the drift verdict against the acceptance bar, beside the rules of other tools. */
export const bench: Bench = {
  name: 'calibration',
  describe:
    'false alarms and detection of the drift verdict and the minute detectors; options --seed N, --scale quick|full, --part all|hours|minute, --jobs N',
  run: async (args) => {
    const plan = readOptions(args);
    const results = await simulate(plan, printCase);
    const clauses = [
      ...(plan.part === 'minute' ? [] : await concludeHours(results)),
      ...(plan.part === 'hours' ? [] : concludeMinutes(results)),
    ];
    for (const clause of clauses) print({ bench: 'calibration', part: 'bar', ...clause });
    printTable(`Acceptance bar, seed ${plan.seed}, scale ${plan.scale}.`, barTable(clauses));
    if (clauses.some((clause) => !clause.ok)) process.exitCode = 1;
  },
};

async function concludeHours(results: readonly CaseResult[]): Promise<readonly Clause[]> {
  const quiet = (part: 'no_drift' | 'no_drift_24h') => results.flatMap((it) => (it.part === part ? [it.result] : []));
  const shifts = (part: 'detection' | 'harder' | 'detection_24h') =>
    results.flatMap((it) => (it.part === part ? [it.result] : []));
  const found = {
    quiet: quiet('no_drift'),
    shifts: shifts('detection'),
    quietDaily: quiet('no_drift_24h'),
    daily: shifts('detection_24h'),
    golden: await golden(),
  };
  const tables = [
    [
      'No drift: naive rules per feature-day (windows per model-month), verdict per model-month.',
      quietTable(found.quiet),
    ],
    ['Detection within 24 h: share of trials / median hours.', shiftTable(found.shifts, 24)],
    ['Harder cases: share of trials within 24 h (ramps 168 h) / median hours.', shiftTable(shifts('harder'), 168)],
    ['Windows of 24 h merged, no drift.', quietTable(found.quietDaily)],
    ['Windows of 24 h merged: share of looks.', shiftTable(found.daily, 1)],
  ] as const;
  for (const [title, lines] of tables) printTable(title, lines);
  return judgeBar(found);
}

function concludeMinutes(results: readonly CaseResult[]): readonly Clause[] {
  const quiet = poolMinutes(results.flatMap((it) => (it.part === 'minute_calm' ? [it.result] : [])));
  const faults = results.flatMap((it) => (it.part === 'minute_faults' ? [it.result] : []));
  printTable('Minute detectors, calm records: false alarms a model and month.', minuteQuietTable(quiet));
  printTable(
    'Minute detectors, planted faults: share found within 10 minutes / median minutes.',
    minuteFaultTable(faults),
  );
  const least = [0.1, 0.15, 0.25].map((share) => `${rowsForConstant(share)} rows where it was ${100 * share} %`);
  console.log(
    `# One look can tell a constant from chance, by the largest share of a tenth before: ${least.join(', ')}.`,
  );
  return judgeMinutes(quiet, faults);
}

function printCase({ found, seconds }: TimedResult): void {
  const entry = 'windows' in found ? summary(found.result, found.windows) : found.result;
  print({ bench: 'calibration', part: found.part, ...entry, seconds });
}

function printTable(title: string, lines: readonly string[]): void {
  console.log(['#', `# ${title}`, ...lines].join('\n'));
}

function readOptions(args: readonly string[]): CasePlan {
  const options = {
    seed: { type: 'string', default: '1' },
    scale: { type: 'string', default: 'quick' },
    part: { type: 'string', default: 'all' },
    jobs: { type: 'string', default: '1' },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    const { scale, part } = values;
    const seed = Number(values.seed);
    if (!Number.isInteger(seed)) throw new UsageError(`The seed must be a whole number, not '${values.seed}'.`);
    const jobs = Number(values.jobs);
    if (!Number.isInteger(jobs) || jobs < 1) {
      throw new UsageError(`The jobs must be a whole number from 1, not '${values.jobs}'.`);
    }
    if (scale !== 'quick' && scale !== 'full') {
      throw new UsageError(`The scale must be quick or full, not '${scale}'.`);
    }
    if (part !== 'all' && part !== 'hours' && part !== 'minute') {
      throw new UsageError(`The part must be all, hours or minute, not '${part}'.`);
    }
    return { seed, scale, part, jobs };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(describeError(error), { cause: error });
  }
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
