import { driftFromStore } from './analysis/drift/drift-from-store.ts';
import type { DriftReport } from './analysis/drift/report.ts';
import type { DriftSchedule } from './analysis/minute/drift-schedule.ts';
import { referenceRows } from './analysis/minute/reference-ranges.ts';
import type { DriftRequest } from './api/read/read-dependencies.ts';
import { UsageError } from './core/errors.ts';
import type { Store } from './store/store.ts';

/**
 * Compares a range of a model's stored predictions with the reference in force, exactly, over the raw rows.
 *
 * @throws E_USAGE when one of the sides holds no predictions
 */
export async function storedDrift(store: Store, schedule: DriftSchedule, request: DriftRequest): Promise<DriftReport> {
  const { model, version, fromMs, toMs, window, profile } = request;
  await schedule.load();
  const plan = schedule.planOf(model);
  const rows = referenceRows(plan.reference, { fromMs, toMs });
  const [range] = rows.ranges;
  if (range === undefined) throw new UsageError(`${model} has no reference.`);
  return driftFromStore({
    store,
    model,
    reference: { ...range, version: rows.version === '' ? undefined : rows.version },
    current: { fromMs, toMs, version },
    window,
    profile,
    budgetPerMonth: plan.falseAlarmsPerMonth,
  });
}
