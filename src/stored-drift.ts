import { driftFromStore } from './analysis/drift/drift-from-store.ts';
import { PROFILE_IDS } from './analysis/drift/profiles/profile.ts';
import type { DriftReport } from './analysis/drift/report.ts';
import type { DriftPlan } from './analysis/minute/drift-plan.ts';
import type { DriftSchedule } from './analysis/minute/drift-schedule.ts';
import { referenceRows } from './analysis/minute/reference-ranges.ts';
import type { DriftRequest } from './api/read/read-dependencies.ts';
import type { Store } from './store/store.ts';

/**
 * Compares a range of a model's stored predictions with the reference in force, exactly, over the raw rows.
 *
 * @throws E_USAGE when one of the sides holds no predictions
 */
export async function storedDrift(store: Store, schedule: DriftSchedule, request: DriftRequest): Promise<DriftReport> {
  const { model, version, toMs, profile } = request;
  await schedule.load();
  const plan = schedule.planOf(model);
  const { reference } = plan;
  const fromMs = request.fromMs ?? openBegin(reference.kind, { firstMs: request.firstMs ?? toMs, toMs });
  const rows = referenceRows(reference, { fromMs, toMs });
  const { window, segment, categorical, numeric, budgetPerMonth = plan.falseAlarmsPerMonth } = request;
  return driftFromStore({
    store,
    model,
    reference:
      reference.kind === 'file'
        ? { file: reference }
        : { spans: rows.ranges, version: rows.version === '' ? undefined : rows.version },
    current: { spans: [{ fromMs, toMs }], version },
    window,
    profile,
    beside: request.compareProfiles === true ? PROFILE_IDS.filter((id) => id !== (profile ?? 'robust')) : [],
    segment,
    categorical,
    numeric,
    budgetPerMonth,
    floors: plan.floors,
  });
}

const DAY_MS = 86_400_000;

/**
 * Returns where a range without a begin begins: with the first prediction where the reference is there already, else a
 * day before its end, or later, so that what came before it can be the reference.
 */
function openBegin(
  kind: DriftPlan['reference']['kind'],
  { firstMs, toMs }: { readonly firstMs: number; readonly toMs: number },
): number {
  if (kind === 'fixed' || kind === 'file' || kind === 'version') return firstMs;
  return Math.max(toMs - DAY_MS, firstMs + Math.floor((toMs - firstMs) / 2));
}
