import { alarmBudget } from '../../../src/stats/alarm-budget.ts';
import { type AlarmState, alarmStep, QUIET } from '../../../src/stats/alarm-state-machine.ts';
import { isAtLeast } from '../../../src/stats/levels.ts';
import { driftVerdict, type FeatureVerdict } from '../../../src/stats/verdict.ts';
import { NAIVE_RULES, naiveLook, naiveRejections, type NaiveRule } from './naive-rules.ts';
import { UNCHANGED } from './population.ts';
import type { Uniform } from './random.ts';
import type { StreamFactory } from './stream.ts';
import { type Look, type ReferencePlan, watch } from './watched.ts';

/** A model whose features do not drift. */
export type QuietCase = {
  readonly name: string;
  readonly plan: ReferencePlan;
  readonly stream: StreamFactory;
  readonly features: number;
  readonly windowHours: number;
  /** Part of the false-alarm budget that these windows may use. */
  readonly share: number;
  /** Windows that are judged against one reference; then the reference is drawn anew. */
  readonly windows: number;
  readonly references: number;
};

/** What was raised although nothing drifts. */
export type QuietResult = {
  readonly name: string;
  readonly n: number;
  /** Windows that were judged. */
  readonly windows: number;
  readonly months: number;
  readonly phi: number;
  /** Windows with a feature at `minor` or above. */
  readonly events: number;
  /** Episodes of the alarm state machine, over all features. */
  readonly alarms: number;
  /** Share of verdicts with the warning that the detector is blind, and the smallest detectable corrected PSI. */
  readonly blind: number;
  readonly mde: number;
  readonly naive: Readonly<Record<NaiveRule, NaiveTally>>;
  readonly featureDays: number;
};

/** Windows with any feature over the rule, and feature-days with any window over it. */
export type NaiveTally = { readonly windows: number; readonly featureDays: number };

/** Runs a model without drift through the verdict, the alarm state machine and the naive rules. */
export function runQuiet(job: QuietCase, uniform: Uniform): QuietResult {
  const q = alarmBudget({ budgetPerMonth: 1, share: job.share, windowHours: job.windowHours });
  const tally = new Tally();
  const naive = new NaiveCounter(job.features);
  for (let block = 0; block < job.references; block += 1) {
    const watched = Array.from({ length: job.features }, (_, index) =>
      watch(`f${index}`, job.stream(uniform), job.plan, uniform),
    );
    let alarms: readonly AlarmState[] = watched.map(() => QUIET);
    for (let window = 0; window < job.windows; window += 1) {
      const looks = watched.map((feature) => feature.next(UNCHANGED));
      const verdicts = driftVerdict(
        looks.map((look) => look.feature),
        { q },
      );
      alarms = tally.add(verdicts, alarms);
      naive.add(looks, window % HOURS_PER_DAY === 0);
    }
    naive.endDay();
  }
  const windows = job.windows * job.references;
  const months = (windows * job.windowHours) / HOURS_PER_MONTH;
  return { name: job.name, n: job.plan.rows, windows, months, ...tally.result(), ...naive.result() };
}

const HOURS_PER_DAY = 24;
const HOURS_PER_MONTH = 720;

class Tally {
  #events = 0;
  #alarms = 0;
  #verdicts = 0;
  #blind = 0;
  #phi = 0;
  #mde = Number.POSITIVE_INFINITY;

  add(verdicts: readonly FeatureVerdict[], alarms: readonly AlarmState[]): readonly AlarmState[] {
    if (verdicts.some((verdict) => isAtLeast(verdict.level, 'minor'))) this.#events += 1;
    for (const verdict of verdicts) {
      if (verdict.status !== 'ok') continue;
      this.#verdicts += 1;
      this.#phi += verdict.phi;
      this.#mde = Math.min(this.#mde, verdict.mde);
      if (verdict.warnings.includes('blind')) this.#blind += 1;
    }
    return verdicts.map((verdict, index) => {
      const step = alarmStep(alarms[index] ?? QUIET, verdict.level);
      if (step.event === 'raise') this.#alarms += 1;
      return step.state;
    });
  }

  result() {
    const of = Math.max(1, this.#verdicts);
    return {
      phi: this.#phi / of,
      events: this.#events,
      alarms: this.#alarms,
      blind: this.#blind / of,
      mde: this.#mde,
    };
  }
}

class NaiveCounter {
  readonly #features: number;
  readonly #windows = new Map<NaiveRule, number>();
  readonly #days = new Map<NaiveRule, number>();
  readonly #today = new Map<NaiveRule, Set<number>>();
  #featureDays = 0;
  #dayOpen = false;

  constructor(features: number) {
    this.#features = features;
  }

  add(looks: readonly Look[], startsDay: boolean): void {
    if (startsDay) this.endDay();
    this.#dayOpen = true;
    const found = looks.map(naiveLook);
    const rejected = naiveRejections(found.map((entry) => entry.p));
    for (const rule of NAIVE_RULES) {
      const hits = found.map((entry, index) => (rule === 'KS BH .05' ? rejected[index] === true : entry.hits[rule]));
      if (hits.includes(true)) this.#windows.set(rule, (this.#windows.get(rule) ?? 0) + 1);
      const today = this.#today.get(rule) ?? new Set();
      for (const [index, hit] of hits.entries()) if (hit) today.add(index);
      this.#today.set(rule, today);
    }
  }

  endDay(): void {
    if (!this.#dayOpen) return;
    this.#dayOpen = false;
    this.#featureDays += this.#features;
    for (const [rule, today] of this.#today) this.#days.set(rule, (this.#days.get(rule) ?? 0) + today.size);
    this.#today.clear();
  }

  result() {
    const of = (rule: NaiveRule): NaiveTally => ({
      windows: this.#windows.get(rule) ?? 0,
      featureDays: this.#days.get(rule) ?? 0,
    });
    const naive = {
      'PSI>0.2': of('PSI>0.2'),
      'PSI>0.1': of('PSI>0.1'),
      'JS>0.1': of('JS>0.1'),
      'KS p<.05': of('KS p<.05'),
      'KS BH .05': of('KS BH .05'),
    } as const satisfies Record<NaiveRule, NaiveTally>;
    return { naive, featureDays: this.#featureDays };
  }
}
