import { type Estimate, median, poissonRate, proportion } from './bounds.ts';
import type { QuietResult } from './quiet-run.ts';
import { CASES } from './scenarios.ts';
import type { ShiftResult } from './shift-run.ts';

/** One clause of the acceptance bar. */
export type Clause = {
  readonly id: string;
  readonly clause: string;
  readonly required: string;
  readonly measured: string;
  /** False when the requirement is missed by more than the 95 % error. */
  readonly ok: boolean;
  /** True when the requirement is met with all of the 95 % interval: of the pooled rate where there is one. */
  readonly certain: boolean;
};

/** Everything that was measured. */
export type Findings = {
  readonly quiet: readonly QuietResult[];
  readonly shifts: readonly ShiftResult[];
  readonly daily: readonly ShiftResult[];
  readonly quietDaily: readonly QuietResult[];
  readonly golden: { readonly passed: number; readonly cases: number };
};

/** Compares what was measured with the acceptance bar, clause by clause. */
export function judgeBar(found: Findings): readonly Clause[] {
  const { golden } = found;
  return [
    ...falseAlarmClauses(found.quiet),
    ...detectionClauses(found.shifts),
    ...smallShiftClauses(found.shifts),
    ...dailyClauses(found),
    {
      id: '6',
      clause: 'golden vectors pass',
      required: '100 %',
      measured: `${golden.passed} of ${golden.cases}`,
      ok: golden.cases > 0 && golden.passed === golden.cases,
      certain: true,
    },
    ...naiveClauses(found),
  ];
}

const INDEPENDENT = [CASES.normal, CASES.poisson, CASES.cat20, CASES.cat200];
const DEPENDENT = [CASES.ar5, CASES.ar9, CASES.jitter03, CASES.jitter10];
const BLIND_MDE = 0.25;
// "None" of something rare: not shown to be more than one in a hundred.
const ALMOST_NONE = 0.01;

type Measured = { readonly label: string; readonly estimate: Estimate };
type MeasuredRate = Measured & { readonly count: number; readonly months: number };

function falseAlarmClauses(quiet: readonly QuietResult[]): readonly Clause[] {
  const alarms = (cases: readonly string[]) => rates(quiet, cases, (result) => result.alarms);
  const events = (cases: readonly string[]) => rates(quiet, cases, (result) => result.events);
  const allHours = quiet.filter((result) => result.name === CASES.diurnalAll);
  const blind = allHours.map((result) => ({
    label: `n=${result.n}`,
    estimate: { value: result.blind, low: result.blind, high: result.blind },
  }));
  const mde = Math.min(...allHours.map((result) => result.mde));
  return [
    rateAtMost('1a', 'no drift, iid: alarms per model-month', 1, alarms(INDEPENDENT)),
    rateAtMost('1b', 'no drift, iid: events per model-month', 3, events(INDEPENDENT)),
    rateAtMost('2a', 'AR(.5), AR(.9), jitter: alarms per model-month', 1, alarms(DEPENDENT)),
    rateAtMost('2b', 'AR(.5), AR(.9), jitter: events per model-month', 4, events(DEPENDENT)),
    rateAtMost('2c', 'diurnal, same hour: alarms per model-month', 1, alarms([CASES.diurnalSame])),
    rateAtMost('2d', 'diurnal, same hour: events per model-month', 2, events([CASES.diurnalSame])),
    rateAtMost('2e', 'diurnal, all hours: alarms', 0, alarms([CASES.diurnalAll])),
    atLeast('2f', `diurnal, all hours: verdicts with the warning, mde > ${BLIND_MDE}`, 1, blind, mde > BLIND_MDE),
  ];
}

function detectionClauses(shifts: readonly ShiftResult[]): readonly Clause[] {
  const cases = [CASES.medium, CASES.wide, CASES.skewed, CASES.swap20, CASES.swap200];
  const large = shifts.filter((result) => result.n >= 5000 && cases.some((name) => name === result.name));
  const small = (name: string) => shifts.filter((result) => result.n === 500 && result.name === name);
  const eventBy = (results: readonly ShiftResult[], hours: number) =>
    shares(results, (result) => within(result.firstEvent, hours));
  return [
    atLeast('3a', 'n >= 5000: event in the first window', 0.99, eventBy(large, 1)),
    atLeast(
      '3b',
      'n >= 5000: alarm within 24 h',
      0.99,
      shares(large, (result) => within(result.firstAlarm, 24)),
    ),
    medianAtMost('3c', 'n >= 5000: median hours to the alarm', 2, large, (result) => result.firstAlarm),
    atLeast('3d', 'n = 500, +.25 sd: event within 24 h', 0.99, eventBy(small(CASES.medium), 24)),
    medianAtMost('3e', 'n = 500, +.25 sd: median hours to the event', 2, small(CASES.medium), (r) => r.firstEvent),
    atLeast('3f', 'n = 500, x1.2: event within 24 h', 0.97, eventBy(small(CASES.wide), 24)),
    atLeast('3g', 'n = 500, cat200 swap: event within 24 h', 0.97, eventBy(small(CASES.swap200), 24)),
    atLeast('3h', 'n = 500, cat20 swap: event within 24 h', 0.94, eventBy(small(CASES.swap20), 24)),
  ];
}

function smallShiftClauses(shifts: readonly ShiftResult[]): readonly Clause[] {
  const at = (n: number) => shifts.filter((result) => result.n === n && result.name === CASES.small);
  const both = [...at(5000), ...at(50_000)];
  const negligible = (results: readonly ShiftResult[]): readonly Measured[] =>
    results.map((result) => ({ label: `n=${result.n}`, estimate: proportion(result.negligible, result.judged) }));
  return [
    atLeast('4a', '+.1 sd, n = 5000: windows within q and negligible', 0.85, negligible(at(5000))),
    atLeast('4b', '+.1 sd, n = 50 000: windows within q and negligible', 0.99, negligible(at(50_000))),
    atMost(
      '4c',
      '+.1 sd, n >= 5000: alarm within 24 h (none)',
      ALMOST_NONE,
      shares(both, (result) => within(result.firstAlarm, 24)),
    ),
    atLeast(
      '4d',
      '+.1 sd, n >= 5000, floor .005: alarm within 3 h',
      0.95,
      shares(both, (result) => within(result.firstLowFloorAlarm, 3)),
    ),
  ];
}

function dailyClauses(found: Findings): readonly Clause[] {
  const shifted = found.daily.filter((result) => result.name === CASES.daily15 && result.n === 12_000);
  const looks = found.quietDaily.map((result) => ({
    label: `n=${result.n}`,
    estimate: proportion(result.events, result.windows),
  }));
  return [
    atLeast(
      '5a',
      '24 h merged at 500/h, +.15 sd: event per look',
      0.7,
      shares(shifted, (result) => within(result.firstEvent, 1)),
    ),
    atMost('5b', '24 h merged, no shift: event per look', 0.002, looks),
  ];
}

function naiveClauses(found: Findings): readonly Clause[] {
  const medium = found.shifts.filter((result) => result.name === CASES.medium);
  const days = found.quiet
    .filter((result) => result.name === CASES.normal)
    .map((result) => ({
      label: `n=${result.n}`,
      estimate: proportion(result.naive['KS p<.05'].featureDays, result.featureDays),
    }));
  return [
    atMost(
      '7a',
      'PSI>0.2 misses +.25 sd at every n: seen within 24 h (none)',
      ALMOST_NONE,
      shares(medium, (result) => within(result.naive['PSI>0.2'], 24)),
    ),
    atLeast('7b', 'KS p<.05, no drift: alarms per feature-day', 0.4, days),
  ];
}

function rates(
  results: readonly QuietResult[],
  cases: readonly string[],
  count: (result: QuietResult) => number,
): readonly MeasuredRate[] {
  return results
    .filter((result) => cases.includes(result.name))
    .map((result) => ({
      label: `${result.name}, n=${result.n}`,
      count: count(result),
      months: result.months,
      estimate: poissonRate(count(result), result.months),
    }));
}

function shares(results: readonly ShiftResult[], hits: (result: ShiftResult) => number): readonly Measured[] {
  return results.map((result) => ({
    label: `${result.name}, n=${result.n}`,
    estimate: proportion(hits(result), result.trials),
  }));
}

function within(first: readonly number[], windows: number): number {
  return first.filter((at) => at <= windows).length;
}

// A cell has few months of its own, so all cells together must meet the limit as well as the worst of them.
function rateAtMost(id: string, clause: string, limit: number, measured: readonly MeasuredRate[]): Clause {
  const total = (of: (entry: MeasuredRate) => number): number => measured.reduce((sum, entry) => sum + of(entry), 0);
  const months = total((entry) => entry.months);
  const worst = atMost(id, clause, limit, measured);
  if (months === 0) return worst;
  const pooled = poissonRate(
    total((entry) => entry.count),
    months,
  );
  return {
    ...worst,
    measured: `${estimateText(pooled)} in ${short(months)} months; ${worst.measured}`,
    ok: worst.ok && pooled.low <= limit,
    certain: worst.ok && pooled.high <= limit,
  };
}

function atMost(id: string, clause: string, limit: number, measured: readonly Measured[]): Clause {
  const worst = extreme(
    measured,
    (entry) => entry.estimate.low,
    (entry) => entry.estimate.value,
  );
  const ok = worst !== undefined && worst.estimate.low <= limit;
  const certain = measured.every(({ estimate }) => estimate.high <= limit);
  return { id, clause, required: `<= ${limit}`, measured: describe(worst), ok, certain: ok && certain };
}

function atLeast(id: string, clause: string, limit: number, measured: readonly Measured[], also = true): Clause {
  const worst = extreme(
    measured,
    (entry) => -entry.estimate.high,
    (entry) => -entry.estimate.value,
  );
  const ok = worst !== undefined && worst.estimate.high >= limit && also;
  const certain = measured.every(({ estimate }) => estimate.low >= limit);
  return { id, clause, required: `>= ${limit}`, measured: describe(worst), ok, certain: ok && certain };
}

function medianAtMost(
  id: string,
  clause: string,
  limit: number,
  results: readonly ShiftResult[],
  first: (result: ShiftResult) => readonly number[],
): Clause {
  const medians = results.map((result) => median(first(result)));
  const worst = Math.max(...medians);
  const measured = medians.length === 0 ? 'not measured' : String(worst);
  const ok = medians.length > 0 && worst <= limit;
  return { id, clause, required: `<= ${limit}`, measured, ok, certain: ok };
}

// The entry that is furthest off beyond its error; among equals the one that is furthest off.
function extreme(
  measured: readonly Measured[],
  badness: (entry: Measured) => number,
  tie: (entry: Measured) => number,
): Measured | undefined {
  return [...measured].sort((a, b) => badness(b) - badness(a) || tie(b) - tie(a))[0];
}

function describe(worst: Measured | undefined): string {
  if (worst === undefined) return 'not measured';
  return `${estimateText(worst.estimate)} (worst: ${worst.label})`;
}

function estimateText({ value, low, high }: Estimate): string {
  return `${short(value)} [${short(low)}, ${short(high)}]`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
