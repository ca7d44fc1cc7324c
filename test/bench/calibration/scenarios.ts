import { type Change, lognormalPopulation, normalPopulation, poissonPopulation, zipfPopulation } from './population.ts';
import type { QuietCase } from './quiet-run.ts';
import type { ShiftCase } from './shift-run.ts';
import {
  dependentRows,
  diurnal,
  FINE_CELLS,
  independentRows,
  jitter,
  movingMean,
  type StreamFactory,
  wander,
} from './stream.ts';

/** How much is simulated: `quick` for a look in a minute, `full` for figures to quote. */
export type Scale = 'quick' | 'full';

// Rows a window at which everything is tried.
const SIZES = [500, 5000, 50_000] as const;

/** Names of the cases the clauses of the bar look up. */
export const CASES = {
  normal: 'normal/lognormal iid',
  poisson: 'Poisson(3) iid',
  cat20: 'categorical 20 Zipf iid',
  cat200: 'categorical 200 Zipf iid',
  ar5: 'AR(1) rho=.5',
  ar9: 'AR(1) rho=.9',
  jitter03: 'hourly jitter sd=.03',
  jitter10: 'hourly jitter sd=.1',
  wander: 'hourly wander AR(.9) sd=.05',
  diurnalAll: 'diurnal .5 sd, all hours',
  diurnalSame: 'diurnal .5 sd, same hour',
  dailyQuiet: '24 h merged, no shift',
  small: 'normal +.1 sd',
  medium: 'normal +.25 sd',
  wide: 'normal x1.2',
  skewed: 'lognormal +.1 sd',
  swap20: 'cat20 swap 5%',
  swap200: 'cat200 swap 5%',
  daily15: '24 h merged, normal +.15 sd',
} as const;

/** Models without drift, by the hour. */
export function quietCases(scale: Scale): readonly QuietCase[] {
  const sources: readonly (readonly [string, StreamFactory, Effort])[] = [
    [CASES.normal, independentRows(normalPopulation(KS_CELLS)), 'some'],
    [CASES.poisson, independentRows(poissonPopulation(POISSON_CELLS)), 'some'],
    [CASES.cat20, independentRows(zipfPopulation(20)), 'some'],
    [CASES.cat200, independentRows(zipfPopulation(200)), 'little'],
    [CASES.jitter03, movingMean(jitter(0.03)), 'some'],
    [CASES.jitter10, movingMean(jitter(0.1)), 'some'],
    [CASES.wander, movingMean(wander(0.9, 0.05)), 'little'],
    [CASES.diurnalAll, movingMean(diurnal(0.5)), 'little'],
  ];
  const hourly = SIZES.flatMap((rows) =>
    sources.map(
      ([name, stream, effort]): QuietCase => ({
        ...HOURLY,
        name,
        stream,
        plan: { rows, windows: REFERENCE_WINDOWS, hours: 'all' },
        ...effortOf(scale, effort, rows),
      }),
    ),
  );
  const sameHour = SIZES.map(
    (rows): QuietCase => ({
      ...HOURLY,
      name: CASES.diurnalSame,
      stream: movingMean(diurnal(0.5)),
      plan: { rows, windows: SAME_HOUR_WINDOWS, hours: 'same-hour' },
      ...effortOf(scale, 'much', rows),
    }),
  );
  return [...hourly, ...sameHour, ...dependentCases(scale)];
}

/** A model without drift, by merged windows of 24 hours. */
export function quietDailyCases(scale: Scale): readonly QuietCase[] {
  return [500, 5000].map((rows) => ({
    name: CASES.dailyQuiet,
    stream: independentRows(normalPopulation(FINE_CELLS)),
    plan: { rows: rows * 24, windows: DAYS, hours: 'all' },
    features: 50,
    ...DAILY,
    windows: 30,
    references: scale === 'quick' ? 2 : 20,
  }));
}

/** Models with one feature of fifty shifted, by the hour. */
export function shiftCases(scale: Scale): readonly ShiftCase[] {
  const normal = independentRows(normalPopulation(FINE_CELLS));
  const lognormal = independentRows(lognormalPopulation(FINE_CELLS));
  const poisson = independentRows(poissonPopulation(POISSON_CELLS));
  const inBar: readonly Shift[] = [
    [CASES.small, normal, { shift: 0.1, scale: 1 }],
    [CASES.medium, normal, { shift: 0.25, scale: 1 }],
    [CASES.wide, normal, { shift: 0, scale: 1.2 }],
    [CASES.skewed, lognormal, { shift: 0.1, scale: 1 }],
    [CASES.swap20, independentRows(zipfPopulation(20)), { shift: 0.05, scale: 1 }],
    [CASES.swap200, independentRows(zipfPopulation(200)), { shift: 0.05, scale: 1 }],
  ];
  const further: readonly Shift[] = [
    ['normal +.15 sd', normal, { shift: 0.15, scale: 1 }],
    ['normal +.5 sd', normal, { shift: 0.5, scale: 1 }],
    ['lognormal +.25 sd', lognormal, { shift: 0.25, scale: 1 }],
    ['lognormal x1.2 about mean', lognormal, { shift: 0, scale: 1.2 }],
    ['Poisson(3) +.1 sd', poisson, { shift: 0.1, scale: 1 }],
    ['Poisson(3) +.25 sd', poisson, { shift: 0.25, scale: 1 }],
  ];
  return [...inBar, ...(scale === 'full' ? further : [])].flatMap(([name, stream, change]) =>
    SIZES.map((rows): ShiftCase => {
      const toTheEnd = name === CASES.small;
      const trials = TRIALS[scale] / (toTheEnd ? 2 : 1);
      return { ...hourlyShift(name, stream, rows), change: () => change, windows: 24, trials, toTheEnd };
    }),
  );
}

/** Shifts that are hard to see: among dependent rows, among wobbling windows, and slow ramps. */
export function hardCases(scale: Scale): readonly ShiftCase[] {
  const constant = (name: string, stream: StreamFactory, rows: number, shift: number): ShiftCase => {
    const change = { shift, scale: 1 };
    return {
      ...hourlyShift(name, stream, rows),
      change: () => change,
      windows: 24,
      trials: HARD[scale],
      toTheEnd: true,
    };
  };
  const ramp = (rows: number): ShiftCase => ({
    ...hourlyShift('ramp 0 to .5 sd over 168 h', independentRows(normalPopulation(FINE_CELLS)), rows),
    change: (window) => ({ shift: (0.5 * Math.min(window + 1, 168)) / 168, scale: 1 }),
    windows: 168,
    trials: HARD[scale],
    toTheEnd: false,
  });
  return [
    constant('AR(1) rho=.9, +.25 sd', dependentRows(0.9), 5000, 0.25),
    constant('AR(1) rho=.9, +.5 sd', dependentRows(0.9), 5000, 0.5),
    constant('jitter sd=.1, +.25 sd', movingMean(jitter(0.1)), 5000, 0.25),
    constant('jitter sd=.1, +.5 sd', movingMean(jitter(0.1)), 5000, 0.5),
    ...(scale === 'full'
      ? [
          constant('jitter sd=.1, +.25 sd', movingMean(jitter(0.1)), 50_000, 0.25),
          constant('jitter sd=.1, +.5 sd', movingMean(jitter(0.1)), 50_000, 0.5),
          ...SIZES.map(ramp),
        ]
      : []),
  ];
}

/** The same shifts seen by merged windows of 24 hours; each trial is one look. */
export function dailyCases(scale: Scale): readonly ShiftCase[] {
  const normal = independentRows(normalPopulation(FINE_CELLS));
  const shifts: readonly Shift[] = [
    ['24 h merged, normal +.1 sd', normal, { shift: 0.1, scale: 1 }],
    [CASES.daily15, normal, { shift: 0.15, scale: 1 }],
    ['24 h merged, normal +.25 sd', normal, { shift: 0.25, scale: 1 }],
    ['24 h merged, normal x1.2', normal, { shift: 0, scale: 1.2 }],
    ['24 h merged, cat20 swap 5%', independentRows(zipfPopulation(20)), { shift: 0.05, scale: 1 }],
  ];
  return shifts.flatMap(([name, stream, change]) =>
    [500, 5000].map(
      (rows): ShiftCase => ({
        ...DAILY,
        name,
        stream,
        plan: { rows: rows * 24, windows: DAYS, hours: 'all' },
        change: () => change,
        windows: 1,
        trials: scale === 'quick' ? 50 : 300,
        toTheEnd: true,
      }),
    ),
  );
}

type Shift = readonly [name: string, stream: StreamFactory, change: Change];
type Effort = keyof typeof REFERENCES;

const REFERENCE_WINDOWS = 168;
const SAME_HOUR_WINDOWS = 28;
const DAYS = 28;
const POISSON_CELLS = 10;
// The naive Kolmogorov-Smirnov test looks at raw rows; a thousand cells come close.
const KS_CELLS = 1000;
const HOURLY = { features: 50, windowHours: 1, share: 1 } as const;
const DAILY = { windowHours: 24, share: 0.5 } as const;
const TRIALS = { quick: 32, full: 150 } as const;
const HARD = { quick: 6, full: 50 } as const;
// Ten days a reference; the interval of a rate is as wide as there are few months, so cheap windows get more of them.
const REFERENCES = { much: 8, some: 4, little: 2 } as const;
const WINDOWS = { quick: 24, full: 240 } as const;

function effortOf(scale: Scale, effort: Effort, rows: number) {
  const references = REFERENCES[effort] / (rows >= 50_000 ? 2 : 1);
  return { windows: WINDOWS[scale], references: scale === 'quick' ? 1 : references } as const;
}

function hourlyShift(name: string, stream: StreamFactory, rows: number) {
  return {
    name,
    stream,
    windowHours: 1,
    share: 1,
    plan: { rows, windows: REFERENCE_WINDOWS, hours: 'all' },
  } as const;
}

// Dependent rows are drawn one by one, so large windows get fewer of them.
function dependentCases(scale: Scale): readonly QuietCase[] {
  const sizes = [
    { rows: 500, reference: REFERENCE_WINDOWS, ...effortOf(scale, 'some', 500) },
    { rows: 5000, reference: scale === 'quick' ? 72 : REFERENCE_WINDOWS, ...effortOf(scale, 'some', 5000) },
    ...(scale === 'full' ? [{ rows: 50_000, reference: 48, ...effortOf(scale, 'some', 50_000) }] : []),
  ];
  return [0.5, 0.9].flatMap((rho) =>
    sizes.map(
      ({ rows, reference, windows, references }): QuietCase => ({
        ...HOURLY,
        name: rho === 0.5 ? CASES.ar5 : CASES.ar9,
        stream: dependentRows(rho),
        plan: { rows, windows: reference, hours: 'all' },
        windows,
        references,
      }),
    ),
  );
}
