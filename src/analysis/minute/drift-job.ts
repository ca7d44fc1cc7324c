import { alarmBudget } from '../../stats/alarm-budget.ts';
import { isAtLeast, type Level, worstLevel } from '../../stats/levels.ts';
import { driftVerdict, type FeatureVerdict, type VerdictFeature } from '../../stats/verdict.ts';
import { rollupDrift } from '../../store/queries/drift-rollup.ts';
import type { Row, Store } from '../../store/store.ts';
import type { Reference, TimeRange } from './reference-ranges.ts';

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

/** A plan with the key of the reference profile that its windows are compared with. */
export interface KeyedPlan {
  readonly plan: DriftPlan;
  readonly key: number;
}

/**
 * Judges consecutive windows of models from the rollups, stores one drift result a feature and window, and the
 * feature-level signals for the last minute of each window.
 *
 * @param job.plans  Models whose windows have the same length.
 * @param job.range  Whole windows.
 * @param job.final  True for closed windows, false for the sliding one.
 * @returns          The windows of each model, oldest first.
 */
export async function judgeWindows(job: {
  readonly store: Store;
  readonly plans: readonly KeyedPlan[];
  readonly range: TimeRange;
  readonly final: boolean;
  readonly nowMs: number;
}): Promise<ReadonlyMap<string, readonly WindowDrift[]>> {
  const { store, plans, range, final, nowMs } = job;
  const results = new Map<string, WindowDrift[]>();
  const [first] = plans;
  if (first === undefined) return results;
  const { windowMs } = first.plan;
  const byModel = new Map(plans.map(({ plan }) => [plan.model, plan]));
  const rows = await queryRollup(store, plans, range, windowMs);
  const resultRows: Row[] = [];
  const signalRows: Row[] = [];
  for (const members of windowsOf(rows)) {
    const [one] = members;
    const plan = one === undefined ? undefined : byModel.get(one.model);
    if (one === undefined || plan === undefined) continue;
    const watched = members.filter(
      (row) => plan.features === undefined || PREDICTION.has(row.feature) || plan.features.includes(row.feature),
    );
    const fromMs = one.window_from * 1000;
    const toMs = fromMs + windowMs;
    const verdicts = judge(plan, watched);
    const summary = summarise(plan, verdicts, { fromMs, toMs });
    const known = results.get(plan.model);
    if (known === undefined) results.set(plan.model, [summary]);
    else known.push(summary);
    for (const [index, row] of watched.entries()) {
      const verdict = verdicts[index];
      if (verdict === undefined) continue;
      resultRows.push(resultRow({ plan, row, verdict, fromMs, toMs, final, nowMs }));
      signalRows.push(...featureSignals({ plan, row, verdict, toMs, nowMs }));
    }
  }
  await store.insert('drift_results', resultRows);
  await store.insert('signals', signalRows);
  return results;
}

/** Rows come ordered by model and window. */
function* windowsOf(rows: readonly RollupRow[]): Generator<readonly RollupRow[]> {
  let start = 0;
  for (let at = 1; at <= rows.length; at += 1) {
    const [before, row] = [rows[at - 1], rows[at]];
    if (row !== undefined && row.model === before?.model && row.window_from === before.window_from) continue;
    if (at > start) yield rows.slice(start, at);
    start = at;
  }
}

function queryRollup(store: Store, plans: readonly KeyedPlan[], range: TimeRange, windowMs: number) {
  return store.query(rollupDrift, {
    models: plans.map(({ plan }) => plan.model),
    keys: plans.map(({ key }) => key),
    from: range.fromMs / 1000,
    to: range.toMs / 1000,
    window: windowMs / 1000,
    version: '',
  });
}

/** Features and the prediction are families of their own, each with its share of the budget. */
function judge(plan: DriftPlan, rows: readonly RollupRow[]): readonly FeatureVerdict[] {
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
    for (const verdict of driftVerdict(family.map(toInput), options)) verdicts.set(verdict.name, verdict);
  }
  return rows.flatMap((row) => {
    const verdict = verdicts.get(row.feature);
    return verdict === undefined ? [] : [verdict];
  });
}

const MIN_REFERENCE_WINDOWS = 3;

function toInput(row: RollupRow): VerdictFeature {
  const filled = row.reference_windows.filter((counts) => counts.length === row.current_groups.length);
  const reference = filled.length >= MIN_REFERENCE_WINDOWS ? { windows: filled } : { counts: row.reference_groups };
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
      reference: { ...plan.reference, reference_version: plan.referenceVersion },
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
