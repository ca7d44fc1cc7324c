import { alarmBudget } from '../../../src/stats/alarm-budget.ts';
import { type AlarmState, alarmStep, QUIET } from '../../../src/stats/alarm-state-machine.ts';
import { DEFAULT_FLOORS, type Floors, isAtLeast, type Level, levelOf } from '../../../src/stats/levels.ts';
import { driftVerdict, type FeatureVerdict, type VerdictFeature } from '../../../src/stats/verdict.ts';
import { NAIVE_RULES, naiveLook, naiveRejections, type NaiveRule } from './naive-rules.ts';
import type { Change } from './population.ts';
import { binomial, type Uniform } from './random.ts';
import type { StreamFactory } from './stream.ts';
import { type Look, type ReferencePlan, watch } from './watched.ts';

/** A model with one feature that starts to differ at the first window, among others that do not. */
export type ShiftCase = {
  readonly name: string;
  readonly plan: ReferencePlan;
  readonly stream: StreamFactory;
  /** The change in window 0, 1, ... */
  readonly change: (window: number) => Change;
  readonly windows: number;
  readonly windowHours: number;
  readonly share: number;
  readonly trials: number;
  /** Goes on with the verdict after the first alarm, to count levels window by window. */
  readonly toTheEnd: boolean;
};

/** When each trial saw an event and an alarm, and what the verdicts of all windows were. */
export type ShiftResult = {
  readonly name: string;
  readonly n: number;
  readonly trials: number;
  readonly phi: number;
  /** Windows that were judged, those with an event, those within q, and those that are `negligible`. */
  readonly judged: number;
  readonly events: number;
  readonly rejected: number;
  readonly negligible: number;
  /** Windows until the first event and alarm of each trial, counted from 1; Infinity when there was none. */
  readonly firstEvent: readonly number[];
  readonly firstAlarm: readonly number[];
  /** The alarm of a feature whose own floor is a corrected PSI of 0.005. */
  readonly firstLowFloorAlarm: readonly number[];
  readonly naive: Readonly<Record<NaiveRule, readonly number[]>>;
};

/** Runs the trials; each draws a reference of its own. */
export function runShift(job: ShiftCase, uniform: Uniform): ShiftResult {
  const trials = Array.from({ length: job.trials }, () => runTrial(job, uniform));
  const sum = (of: (trial: Trial) => number): number => trials.reduce((total, trial) => total + of(trial), 0);
  const naive = (rule: NaiveRule): readonly number[] => trials.map((trial) => trial.naive.get(rule) ?? NEVER);
  const judged = sum((trial) => trial.judged);
  return {
    name: job.name,
    n: job.plan.rows,
    trials: job.trials,
    phi: sum((trial) => trial.phi) / Math.max(1, judged),
    judged,
    events: sum((trial) => trial.events),
    rejected: sum((trial) => trial.rejected),
    negligible: sum((trial) => trial.negligible),
    firstEvent: trials.map((trial) => trial.firstEvent),
    firstAlarm: trials.map((trial) => trial.alarm.first),
    firstLowFloorAlarm: trials.map((trial) => trial.lowFloorAlarm.first),
    naive: {
      'PSI>0.2': naive('PSI>0.2'),
      'PSI>0.1': naive('PSI>0.1'),
      'JS>0.1': naive('JS>0.1'),
      'KS p<.05': naive('KS p<.05'),
      'KS BH .05': naive('KS BH .05'),
    },
  };
}

// A feature whose own floor is a corrected PSI of 0.005, a quarter of the default.
const LOW_FLOORS: Floors = { ...DEFAULT_FLOORS, minor: { ...DEFAULT_FLOORS.minor, psi: 0.005 } };

const NEVER = Number.POSITIVE_INFINITY;
const COMPANIONS = 49;
const COMPANION_REFERENCE = 500_000;

type Trial = {
  judged: number;
  phi: number;
  events: number;
  rejected: number;
  negligible: number;
  firstEvent: number;
  readonly alarm: Watch;
  readonly lowFloorAlarm: Watch;
  readonly naive: Map<NaiveRule, number>;
};
type Watch = { state: AlarmState; first: number };

function runTrial(job: ShiftCase, uniform: Uniform): Trial {
  const q = alarmBudget({ budgetPerMonth: 1, share: job.share, windowHours: job.windowHours });
  const watched = watch('shifted', job.stream(uniform), job.plan, uniform);
  const trial: Trial = {
    judged: 0,
    phi: 0,
    events: 0,
    rejected: 0,
    negligible: 0,
    firstEvent: NEVER,
    alarm: { state: QUIET, first: NEVER },
    lowFloorAlarm: { state: QUIET, first: NEVER },
    naive: new Map(),
  };
  for (let window = 0; window < job.windows; window += 1) {
    const look = watched.next(job.change(window));
    countNaive(trial, look, window + 1, uniform);
    if (!job.toTheEnd && trial.alarm.first < NEVER) continue;
    const companions = Array.from({ length: COMPANIONS }, (_, index) => companion(index, job.plan.rows, uniform));
    const [verdict] = driftVerdict([look.feature, ...companions], { q });
    if (verdict !== undefined) count(trial, verdict, window + 1);
  }
  return trial;
}

function count(trial: Trial, verdict: FeatureVerdict, at: number): void {
  if (verdict.status !== 'ok') return;
  const rejected = verdict.pAdjusted <= verdict.q;
  trial.judged += 1;
  trial.phi += verdict.phi;
  if (rejected) trial.rejected += 1;
  if (verdict.level === 'negligible') trial.negligible += 1;
  if (isAtLeast(verdict.level, 'minor')) {
    trial.events += 1;
    trial.firstEvent = Math.min(trial.firstEvent, at);
  }
  step(trial.alarm, verdict.level, at);
  step(trial.lowFloorAlarm, levelOf({ ...verdict, rejected }, LOW_FLOORS), at);
}

function step(alarm: Watch, level: Level, at: number): void {
  const next = alarmStep(alarm.state, level);
  alarm.state = next.state;
  if (next.event === 'raise') alarm.first = Math.min(alarm.first, at);
}

// The other features of the model: they only fill the family of the correction, so two values each are enough.
function companion(index: number, rows: number, uniform: Uniform): VerdictFeature {
  const half = COMPANION_REFERENCE / 2;
  const ones = binomial(uniform, rows, 0.5);
  return {
    name: `companion ${index}`,
    kind: 'categorical',
    reference: { counts: [half, half] },
    current: [ones, rows - ones],
  };
}

function countNaive(trial: Trial, look: Look, at: number, uniform: Uniform): void {
  const { p, hits } = naiveLook(look);
  const rejected = naiveRejections([p, ...Array.from({ length: COMPANIONS }, uniform)])[0] === true;
  for (const rule of NAIVE_RULES) {
    const hit = rule === 'KS BH .05' ? rejected : hits[rule];
    if (hit && !trial.naive.has(rule)) trial.naive.set(rule, at);
  }
}
