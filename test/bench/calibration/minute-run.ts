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

export type Minutes = { readonly quiet: readonly MinuteQuiet[]; readonly faults: readonly MinuteFault[] };

/** Runs calm months and planted faults through the detectors, with rows in two minutes from few to many. */
export function runMinutes(scale: Scale, uniformOf: (name: string) => Uniform): Minutes {
  const calm = scale === 'full' ? { weeks: 26, everyMinutes: 1 } : { weeks: 1, everyMinutes: 10 };
  const trials = scale === 'full' ? 200 : 10;
  return {
    quiet: [40, 120].map((rows) => runQuietMinutes(rows, calm, uniformOf(`minute/quiet/${rows}`))),
    faults: [40, 200, 2000].flatMap((rows) =>
      FAULTS.map((fault) => runFault(fault, rows, trials, uniformOf(`minute/${fault.name}/${rows}`))),
    ),
  };
}

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
