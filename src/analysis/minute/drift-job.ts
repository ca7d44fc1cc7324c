import { alarmBudget } from '../../stats/alarm-budget.ts';
import { isAtLeast, type Level, worstLevel } from '../../stats/levels.ts';
import { driftVerdict, type FeatureVerdict, type VerdictFeature } from '../../stats/verdict.ts';
import { referenceWindows, rollupDrift } from '../../store/queries/drift-rollup.ts';
import type { Row, Store } from '../../store/store.ts';
import { type Reference, type ReferenceRows, referenceRows, type TimeRange } from './reference-ranges.ts';

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
}

/** The numbers of one model and window that become signals. */
export interface WindowDrift {
  readonly fromMs: number;
  readonly toMs: number;
  readonly level: Level;
  readonly driftedFeatures: number;
  /** Importance-weighted mean of the corrected PSI of the features, clipped at 0; undefined without a verdict. */
  readonly score: number | undefined;
  readonly predictionPsi: number | undefined;
}

type RollupRow = Awaited<ReturnType<typeof queryRollup>>[number];

/** Names under which the prediction itself is counted beside the features. */
const PREDICTION = new Set(['__score__', '__prediction__']);

/**
 * Judges consecutive windows of a model from the rollups, stores one drift result a feature and window, and the
 * feature-level signals for the last minute of each window.
 *
 * @param job.range  Whole windows; all of them are compared with the reference of the last one when that is shared,
 *                   else call this once a window.
 * @param job.final  True for closed windows, false for the sliding one.
 */
export async function judgeWindows(job: {
  readonly store: Store;
  readonly plan: DriftPlan;
  readonly range: TimeRange;
  readonly final: boolean;
  readonly nowMs: number;
}): Promise<readonly WindowDrift[]> {
  const { store, plan, range, final, nowMs } = job;
  const last = { fromMs: range.toMs - plan.windowMs, toMs: range.toMs };
  const reference = referenceRows(plan.reference, last);
  const rows = (await queryRollup(store, plan, range, reference)).filter(
    (row) => plan.features === undefined || PREDICTION.has(row.feature) || plan.features.includes(row.feature),
  );
  if (rows.length === 0) return [];
  const spread = await queryWindows(store, plan, reference);
  const results: WindowDrift[] = [];
  const resultRows: Row[] = [];
  const signalRows: Row[] = [];
  for (const [windowFrom, members] of groupBy(rows)) {
    const fromMs = windowFrom * 1000;
    const toMs = fromMs + plan.windowMs;
    const verdicts = judge(plan, members, spread);
    results.push(summarise(plan, verdicts, { fromMs, toMs }));
    for (const [index, row] of members.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined) continue;
      resultRows.push(resultRow({ plan, row, verdict, fromMs, toMs, final, nowMs, reference }));
      signalRows.push(...featureSignals({ plan, row, verdict, toMs, nowMs }));
    }
  }
  await store.insert('drift_results', resultRows);
  await store.insert('signals', signalRows);
  return results;
}

function groupBy(rows: readonly RollupRow[]): ReadonlyMap<number, RollupRow[]> {
  const groups = new Map<number, RollupRow[]>();
  for (const row of rows) {
    const group = groups.get(row.window_from);
    if (group === undefined) groups.set(row.window_from, [row]);
    else group.push(row);
  }
  return groups;
}

function queryRollup(store: Store, plan: DriftPlan, range: TimeRange, reference: ReferenceRows) {
  return store.query(rollupDrift, {
    model: plan.model,
    from: range.fromMs / 1000,
    to: range.toMs / 1000,
    window: plan.windowMs / 1000,
    version: '',
    ...rangeParameters(reference),
  });
}

async function queryWindows(
  store: Store,
  plan: DriftPlan,
  reference: ReferenceRows,
): Promise<ReadonlyMap<string, readonly (readonly number[])[]>> {
  const rows = await store.query(referenceWindows, {
    model: plan.model,
    window: plan.windowMs / 1000,
    ...rangeParameters(reference),
  });
  return new Map(rows.map((row) => [row.feature, row.windows]));
}

function rangeParameters(reference: ReferenceRows) {
  return {
    reference_from: reference.ranges.map((entry) => Math.floor(entry.fromMs / 1000)),
    reference_to: reference.ranges.map((entry) => Math.floor(entry.toMs / 1000)),
    reference_version: reference.version,
  };
}

/** Features and the prediction are families of their own, each with its share of the budget. */
function judge(
  plan: DriftPlan,
  rows: readonly RollupRow[],
  windows: ReadonlyMap<string, readonly (readonly number[])[]>,
): readonly FeatureVerdict[] {
  const q = alarmBudget({
    budgetPerMonth: plan.falseAlarmsPerMonth,
    share: 0.5,
    windowHours: plan.windowMs / 3_600_000,
  });
  const options = { q, minRows: plan.minRows };
  const features = rows.filter((row) => !PREDICTION.has(row.feature));
  const prediction = rows.filter((row) => PREDICTION.has(row.feature));
  const verdicts = new Map<string, FeatureVerdict>();
  for (const family of [features, prediction]) {
    const inputs = family.map((row) => toInput(row, windows.get(row.feature) ?? []));
    for (const verdict of driftVerdict(inputs, options)) verdicts.set(verdict.name, verdict);
  }
  return rows.flatMap((row) => {
    const verdict = verdicts.get(row.feature);
    return verdict === undefined ? [] : [verdict];
  });
}

const MIN_REFERENCE_WINDOWS = 3;

function toInput(row: RollupRow, windows: readonly (readonly number[])[]): VerdictFeature {
  const filled = windows.filter((counts) => counts.length === row.current_groups.length);
  const reference =
    filled.length >= MIN_REFERENCE_WINDOWS ? { windows: filled } : { counts: row.reference_groups };
  const base = { name: row.feature, reference, current: row.current_groups };
  if (row.kind === 'categorical') return { ...base, kind: 'categorical', labels: ['(unseen)', ...row.category_values] };
  return { ...base, kind: 'ordinal', distance: row.ks };
}

function summarise(plan: DriftPlan, verdicts: readonly FeatureVerdict[], window: TimeRange): WindowDrift {
  const features = verdicts.filter((verdict) => !PREDICTION.has(verdict.name));
  let weights = 0;
  let total = 0;
  for (const verdict of features) {
    if (verdict.status !== 'ok') continue;
    const weight = plan.importance[verdict.name] ?? 1;
    weights += weight;
    total += weight * Math.max(0, verdict.psiCorrected);
  }
  const prediction = verdicts.find((verdict) => PREDICTION.has(verdict.name) && verdict.status === 'ok');
  return {
    ...window,
    level: worstLevel(verdicts.map((verdict) => verdict.level)),
    driftedFeatures: features.filter((verdict) => isAtLeast(verdict.level, 'minor')).length,
    score: weights > 0 ? total / weights : undefined,
    predictionPsi: prediction?.status === 'ok' ? prediction.psiCorrected : undefined,
  };
}

function resultRow(input: {
  readonly plan: DriftPlan;
  readonly row: RollupRow;
  readonly verdict: FeatureVerdict;
  readonly fromMs: number;
  readonly toMs: number;
  readonly final: boolean;
  readonly nowMs: number;
  readonly reference: ReferenceRows;
}): Row {
  const { plan, row, verdict, fromMs, toMs } = input;
  const numbers = verdict.status === 'ok' ? verdict : undefined;
  return {
    model: plan.model,
    version: '',
    feature: row.feature,
    segment: '',
    kind: row.kind,
    window_from: fromMs / 1000,
    window_to: toMs / 1000,
    final: input.final ? 1 : 0,
    reference_version: plan.referenceVersion,
    n_reference: row.n_reference,
    n_current: row.n_current,
    missing_reference: ratio(row.missing_reference, row.n_reference + row.missing_reference),
    missing_current: ratio(row.missing_current, row.n_current + row.missing_current),
    unseen: ratio(row.unseen, row.n_current),
    psi: numbers?.psi ?? 'nan',
    psi_noise: numbers?.psiNoise ?? 'nan',
    psi_corrected: numbers?.psiCorrected ?? 'nan',
    ks: row.kind === 'numeric' ? row.ks : 'nan',
    ks_error: row.kind === 'numeric' ? row.ks_error : 'nan',
    ks_corrected: numbers?.dCorrected ?? 'nan',
    p_value: numbers?.p ?? 'nan',
    p_adjusted: numbers?.pAdjusted ?? 'nan',
    js_distance: row.js_distance,
    level: verdict.level,
    reason: verdict.reason,
    explain: JSON.stringify({
      ...verdict,
      reference: { ...input.reference, reference_version: plan.referenceVersion, kind: plan.reference.kind },
      query: { name: rollupDrift.name, sql: rollupDrift.sql },
    }),
    evaluated_at: new Date(input.nowMs).toISOString(),
  };
}

function featureSignals(input: {
  readonly plan: DriftPlan;
  readonly row: RollupRow;
  readonly verdict: FeatureVerdict;
  readonly toMs: number;
  readonly nowMs: number;
}): readonly Row[] {
  const { plan, row, verdict, toMs } = input;
  const enough = verdict.status === 'ok';
  const isPrediction = PREDICTION.has(row.feature);
  const values: readonly (readonly [string, number | undefined])[] = isPrediction
    ? [['prediction_psi', enough ? verdict.psiCorrected : undefined]]
    : [
        ['feature_psi', enough ? verdict.psiCorrected : undefined],
        ['feature_ks', row.kind === 'numeric' && enough ? row.ks : undefined],
        ['feature_missing_ratio', ratio(row.missing_current, row.n_current + row.missing_current)],
        ['feature_unseen_ratio', row.n_current > 0 ? ratio(row.unseen, row.n_current) : undefined],
      ];
  return values
    .filter(([name, value]) => value !== undefined || name !== 'feature_ks')
    .map(([signal, value]) => ({
      t: toMs / 1000 - 60,
      signal,
      model: plan.model,
      version: '',
      feature: isPrediction ? '' : row.feature,
      segment: '',
      gpu: '',
      value: value ?? 'nan',
      state: value === undefined ? 'insufficient_data' : 'ok',
      evaluated_at: new Date(input.nowMs).toISOString(),
    }));
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
