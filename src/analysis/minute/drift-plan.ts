import type { FeatureFloors } from '../../stats/levels.ts';
import type { Reference } from './reference-ranges.ts';

/** How one model is compared. */
export interface DriftPlan {
  readonly model: string;
  readonly reference: Reference;
  readonly referenceVersion: number;
  readonly windowMs: number;
  readonly falseAlarmsPerMonth: number;
  readonly minRows: number;
  /** Features to watch; undefined: all. */
  readonly features: readonly string[] | undefined;
  readonly importance: Readonly<Record<string, number>>;
  /** Where levels start; the default floors when absent. */
  readonly floors?: FeatureFloors;
}

/** A plan with the key of the reference profile that its windows are compared with. */
export interface KeyedPlan {
  readonly plan: DriftPlan;
  readonly key: number;
}
