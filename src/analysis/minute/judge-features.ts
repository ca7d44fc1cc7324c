import { groupBy } from '../../core/group-by.ts';
import { alarmBudget } from '../../stats/alarm-budget.ts';
import { floorsOf, isAtLeast, type Level, worstLevel } from '../../stats/levels.ts';
import { rowsOf } from '../../stats/overdispersion.ts';
import { type QualityFeature, type QualityVerdict, qualityVerdict } from '../../stats/quality-verdict.ts';
import type { Events } from '../../stats/two-proportion.ts';
import { driftVerdict, type FeatureVerdict, type VerdictFeature } from '../../stats/verdict.ts';
import { BUDGET_SHARES } from './budget-shares.ts';
import type { WholeRow } from './complete-windows.ts';
import type { DriftPlan } from './drift-plan.ts';
import { isPrediction } from './prediction-features.ts';

/** What one window says about one feature: its distribution, its missing and its unseen values. */
export interface JudgedFeature {
  readonly row: WholeRow;
  readonly verdict: FeatureVerdict;
  readonly quality: readonly QualityVerdict[];
  /** The worst of all. */
  readonly level: Level;
  readonly reason: string;
}

/** Judges one window: features, the prediction and the quality of both are families, each with its share of the budget. */
export function judgeFeatures(plan: DriftPlan, rows: readonly WholeRow[]): readonly JudgedFeature[] {
  const level = (share: number): number =>
    alarmBudget({ budgetPerMonth: plan.falseAlarmsPerMonth, share, windowHours: plan.windowMs / 3_600_000 });
  const verdicts = new Map<string, FeatureVerdict>();
  const families = [
    { share: BUDGET_SHARES.features, members: rows.filter((row) => !isPrediction(row.feature)) },
    { share: BUDGET_SHARES.prediction, members: rows.filter((row) => isPrediction(row.feature)) },
  ];
  for (const { share, members } of families) {
    const inputs = members.map((row) => toInput(row, plan));
    for (const verdict of driftVerdict(inputs, { q: level(share), minRows: plan.minRows }))
      verdicts.set(verdict.name, verdict);
  }
  const quality = groupBy(
    qualityVerdict(rows.map(toQuality), { q: level(BUDGET_SHARES.quality), minRows: plan.minRows }),
    ({ name }) => name,
  );
  return rows.flatMap((row) => {
    const verdict = verdicts.get(row.feature);
    return verdict === undefined ? [] : [combine(row, verdict, quality.get(row.feature) ?? [])];
  });
}

const MIN_REFERENCE_WINDOWS = 3;
/** Shares of values out of the reference's range at which the levels start. */
const OUT_OF_RANGE = { minor: 0.01, moderate: 0.1, major: 0.2 } as const;

function combine(row: WholeRow, verdict: FeatureVerdict, quality: readonly QualityVerdict[]): JudgedFeature {
  const alarms = quality.filter((entry) => isAtLeast(entry.level, 'minor'));
  return {
    row,
    verdict,
    quality,
    level: worstLevel([verdict.level, ...alarms.map((entry) => entry.level)]),
    reason: [...alarms.map((entry) => entry.reason), verdict.reason].join(' '),
  };
}

function toInput(row: WholeRow, plan: DriftPlan): VerdictFeature {
  const filled = filledWindows(row);
  const reference = filled.length >= MIN_REFERENCE_WINDOWS ? { windows: filled } : { counts: row.reference_groups };
  const floors = floorsOf(plan.floors, row.feature);
  const base = { name: row.feature, reference, current: row.current_groups, floors };
  if (row.kind === 'categorical') return { ...base, kind: 'categorical', labels: ['(unseen)', ...row.category_values] };
  return { ...base, kind: 'ordinal', distance: row.ks };
}

function toQuality(row: WholeRow): QualityFeature {
  const current = { k: row.missing_current, n: row.n_current + row.missing_current };
  const total = { k: row.missing_reference, n: row.n_reference + row.missing_reference };
  const windows = row.missing_windows;
  return {
    name: row.feature,
    missing: {
      current,
      reference: windows.length >= MIN_REFERENCE_WINDOWS && total.k > 0 ? { windows } : { total },
    },
    outside: row.kind === 'categorical' ? unseenCategories(row) : outOfRange(row),
  };
}

// Code 0 holds what has no code of its own; a category with a code that this reference never has is unseen too.
function unseenCategories(row: WholeRow): NonNullable<QualityFeature['outside']> {
  const unseen = row.current_groups.reduce(
    (sum, count, code) => (code === 0 || row.reference_groups[code] === 0 ? sum + count : sum),
    0,
  );
  const windows = filledWindows(row).map((counts): Events => ({ k: counts[0] ?? 0, n: rowsOf(counts) }));
  const total = { k: row.unseen_reference, n: row.n_reference };
  return {
    current: { k: unseen, n: row.n_current },
    reference: windows.length >= MIN_REFERENCE_WINDOWS && total.k > 0 ? { windows } : { total },
  };
}

function outOfRange(row: WholeRow): NonNullable<QualityFeature['outside']> {
  return {
    current: { k: row.unseen, n: row.n_current },
    reference: { total: { k: row.unseen_reference, n: row.n_reference } },
    floors: OUT_OF_RANGE,
  };
}

function filledWindows(row: WholeRow): readonly (readonly number[])[] {
  return row.reference_windows.filter((counts) => counts.length === row.current_groups.length);
}
