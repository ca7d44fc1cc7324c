import { BUDGET_SHARES } from '../../../src/analysis/minute/budget-shares.ts';
import { alarmBudget } from '../../../src/stats/alarm-budget.ts';
import { MINUTE_DETECTORS, minuteIncident } from '../../../src/stats/minute-incident.ts';
import { type Estimate, median, poissonRate, proportion } from './bounds.ts';
import { CALM_FEATURES, MINUTES_PER_WEEK, type MinuteFeature } from './minute-features.ts';
import { look, reference } from './minute-sample.ts';
import type { Uniform } from './random.ts';
import type { Scale } from './scenarios.ts';

/** False alarms of the minute detectors over calm records. */
export type MinuteQuiet = {
  readonly rows: number;
  readonly months: number;
  readonly alarms: number;
  /** Alarms a model and month; consecutive minutes of one feature are one. */
  readonly rate: Estimate;
  /** Which features were wrongly suspected of what. */
  readonly suspects: readonly string[];
};

/** Detection of one planted fault. */
export type MinuteFault = {
  readonly fault: string;
  /** True for what no minute can tell. */
  readonly hidden: boolean;
  readonly rows: number;
  readonly trials: number;
  readonly found: Estimate;
  readonly medianMinutes: number;
};

/** A case with the name of its random numbers. */
export type MinuteCase<Result> = { readonly name: string; readonly run: (uniform: Uniform) => Result };

/** Lists the calm months, with few and with many rows in two minutes, in batches. */
export function minuteQuietCases(scale: Scale): readonly MinuteCase<MinuteQuiet>[] {
  const calm = scale === 'full' ? { weeks: 13, everyMinutes: 2 } : { weeks: 1, everyMinutes: 10 };
  const batches = Array.from({ length: scale === 'full' ? 6 : 1 }, (_, batch) => batch);
  return batches.flatMap((batch) =>
    [40, 120].map((rows) => ({
      name: `minute/quiet/${rows}/${batch}`,
      run: (uniform: Uniform) => runQuietMinutes(rows, calm, uniform),
    })),
  );
}

/** Adds up the batches of each number of rows. */
export function poolMinutes(batches: readonly MinuteQuiet[]): readonly MinuteQuiet[] {
  return [...new Set(batches.map(({ rows }) => rows))].map((rows) => {
    const same = batches.filter((batch) => batch.rows === rows);
    const months = same.reduce((sum, batch) => sum + batch.months, 0);
    const alarms = same.reduce((sum, batch) => sum + batch.alarms, 0);
    const suspects = [...new Set(same.flatMap((batch) => batch.suspects))];
    return { rows, months, alarms, rate: poissonRate(alarms, months), suspects };
  });
}

/** Lists the planted faults, with rows in two minutes from few to many. */
export function minuteFaultCases(scale: Scale): readonly MinuteCase<MinuteFault>[] {
  const trials = scale === 'full' ? 200 : 10;
  return [40, 200, 2000].flatMap((rows) =>
    FAULTS.map((fault) => ({
      name: `minute/${fault.name}/${rows}`,
      run: (uniform: Uniform) => runFault(fault, rows, trials, uniform),
    })),
  );
}

// A look a minute. Each takes two minutes and so shares one with the next, which is why only every other one is drawn:
// those are independent, and alarms per 43,200 of them are no fewer than a month of overlapping looks has, since looks
// that overlap alarm together.
const LOOKS_PER_MONTH = 43_200;
const WATCHED = CALM_FEATURES.length;
/** Looks after which a fault counts as missed. */
const PATIENCE = 10;

const ALPHA =
  alarmBudget({ budgetPerMonth: 1, share: BUDGET_SHARES.minute, windowHours: 1 / 60 }) / (WATCHED * MINUTE_DETECTORS);

/** Fewest rows of a look that can call a feature constant whose most frequent tenth or value had this share at most. */
export function rowsForConstant(topShare: number): number {
  const rowsOfCluster = 5;
  return Math.ceil(rowsOfCluster * (1 + Math.log(ALPHA) / Math.log(topShare)));
}

type Fault = {
  readonly name: string;
  readonly feature: MinuteFeature;
  readonly change: (value: number) => number;
  /** True for what no minute can tell, because some window of the reference was like it. */
  readonly hidden?: true;
};

const named = (name: string): MinuteFeature => {
  const found = CALM_FEATURES.find((feature) => feature.name === name);
  if (found === undefined) throw new RangeError(`There is no feature ${name}.`);
  return found;
};
const FAULTS: readonly Fault[] = [
  { name: 'all null', feature: named('normal'), change: () => Number.NaN },
  { name: 'all null, half were', feature: named('half missing'), change: () => Number.NaN },
  { name: 'constant', feature: named('normal'), change: () => 0.5 },
  { name: 'constant count', feature: named('count'), change: () => 3 },
  { name: 'times 100', feature: named('lognormal'), change: (value) => value * 100 },
  { name: 'times 2.54', feature: named('no season'), change: (value) => value * 2.54 },
  {
    name: 'pounds for kilograms',
    feature: named('a third on weekends'),
    change: (value) => value * 2.204623,
    hidden: true,
  },
  { name: 'all unseen categories', feature: named('20 categories'), change: (value) => value + 1000 },
  {
    name: 'every other category unseen',
    feature: named('200 categories'),
    change: (value) => (value % 2) * 1000 + value,
  },
];

function runQuietMinutes(
  rows: number,
  { weeks, everyMinutes }: { readonly weeks: number; readonly everyMinutes: number },
  uniform: Uniform,
): MinuteQuiet {
  const months = (weeks * MINUTES_PER_WEEK) / everyMinutes / LOOKS_PER_MONTH;
  const suspects = new Set<string>();
  let alarms = 0;
  for (const feature of CALM_FEATURES) {
    let frozen = reference(feature, rows, uniform);
    let alarmed = false;
    for (let minute = 0; minute < weeks * MINUTES_PER_WEEK; minute += everyMinutes) {
      if (minute > 0 && minute % MINUTES_PER_WEEK === 0) frozen = reference(feature, rows, uniform);
      const found = minuteIncident(frozen, look(feature, { minute, rows, frozen, uniform }), ALPHA);
      if (found !== undefined && !alarmed) {
        alarms += 1;
        suspects.add(`${feature.name}: ${found.detector}`);
      }
      alarmed = found !== undefined;
    }
  }
  return { rows, months, alarms, rate: poissonRate(alarms, months), suspects: [...suspects] };
}

function runFault(fault: Fault, rows: number, trials: number, uniform: Uniform): MinuteFault {
  const delays = Array.from({ length: trials }, () => {
    const frozen = reference(fault.feature, rows, uniform);
    const start = Math.floor(uniform() * MINUTES_PER_WEEK);
    for (let elapsed = 1; elapsed <= PATIENCE; elapsed += 1) {
      // A look takes two minutes; the first after the fault began still has one without it.
      const broken = Math.min(1, elapsed / 2);
      const job = { minute: start + elapsed, rows, frozen, uniform, change: fault.change, broken };
      if (minuteIncident(frozen, look(fault.feature, job), ALPHA) !== undefined) return elapsed;
    }
    return Number.POSITIVE_INFINITY;
  });
  const hits = delays.filter((delay) => Number.isFinite(delay)).length;
  return {
    fault: fault.name,
    hidden: fault.hidden === true,
    rows,
    trials,
    found: proportion(hits, trials),
    medianMinutes: median(delays),
  };
}
