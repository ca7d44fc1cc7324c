import { isAtLeast, type Level, worstLevel } from '../../stats/levels.ts';
import { type RollupRow, rollupDrift } from '../../store/queries/drift-rollup.ts';
import type { Row, Store } from '../../store/store.ts';
import { completeWindows } from './complete-windows.ts';
import type { DriftPlan, KeyedPlan } from './drift-plan.ts';
import { featureSignals, resultRow } from './drift-rows.ts';
import { type JudgedFeature, judgeFeatures } from './judge-features.ts';
import { isPrediction } from './prediction-features.ts';
import type { TimeRange } from './reference-ranges.ts';
import type { ReferenceRequests } from './reference-requests.ts';
import type { ReferenceWindows } from './reference-windows.ts';

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
  readonly requests: ReferenceRequests;
  readonly references: ReferenceWindows;
  readonly plans: readonly KeyedPlan[];
  readonly range: TimeRange;
  readonly final: boolean;
  readonly nowMs: number;
}): Promise<ReadonlyMap<string, readonly WindowDrift[]>> {
  const { store, requests, references, plans, range, final, nowMs } = job;
  const results = new Map<string, WindowDrift[]>();
  const [first] = plans;
  if (first === undefined) return results;
  const { windowMs } = first.plan;
  const byModel = new Map(plans.map((keyed) => [keyed.plan.model, keyed]));
  const rows = await queryRollup({ store, references, plans, range, windowMs });
  const resultRows: Row[] = [];
  const signalRows: Row[] = [];
  for (const window of await completeWindows({ store, requests, plans, range, windowMs, rows })) {
    const { model, fromMs } = window;
    const keyed = byModel.get(model);
    if (keyed === undefined) continue;
    const { plan, key } = keyed;
    const watched = window.rows.filter(
      ({ feature }) => plan.features === undefined || isPrediction(feature) || plan.features.includes(feature),
    );
    const toMs = fromMs + windowMs;
    const found = judgeFeatures(plan, watched);
    const summary = summarise(plan, found, { fromMs, toMs });
    const known = results.get(model);
    if (known === undefined) results.set(model, [summary]);
    else known.push(summary);
    for (const judged of found) {
      const input = { plan, key, judged, fromMs, toMs, final, nowMs };
      resultRows.push(resultRow(input));
      signalRows.push(...featureSignals(input));
    }
  }
  await store.insert('drift_results', resultRows);
  await store.insert('signals', signalRows);
  return results;
}

async function queryRollup(job: {
  readonly store: Store;
  readonly references: ReferenceWindows;
  readonly plans: readonly KeyedPlan[];
  readonly range: TimeRange;
  readonly windowMs: number;
}): Promise<readonly RollupRow[]> {
  const { store, references, plans, range, windowMs } = job;
  const rows = await store.query(rollupDrift, {
    models: plans.map(({ plan }) => plan.model),
    keys: plans.map(({ key }) => key),
    from: range.fromMs / 1000,
    to: range.toMs / 1000,
    window: windowMs / 1000,
    version: '',
  });
  const windows = await references.of(plans);
  return rows.map((row) => ({ ...row, reference_windows: windows.get(row.model)?.get(row.feature) ?? [] }));
}

function summarise(plan: DriftPlan, judged: readonly JudgedFeature[], window: TimeRange): WindowDrift {
  const features = judged.filter(({ row }) => !isPrediction(row.feature));
  let weights = 0;
  let total = 0;
  for (const { verdict } of features) {
    if (verdict.status !== 'ok') continue;
    const weight = plan.importance[verdict.name] ?? 1;
    weights += weight;
    total += weight * Math.max(0, verdict.psiCorrected);
  }
  const prediction = judged.find(({ row, verdict }) => isPrediction(row.feature) && verdict.status === 'ok')?.verdict;
  return {
    ...window,
    level: worstLevel(judged.map(({ level }) => level)),
    driftedFeatures: features.filter(({ level }) => isAtLeast(level, 'minor')).length,
    score: weights > 0 ? total / weights : undefined,
    predictionPsi: prediction?.status === 'ok' ? prediction.psiCorrected : undefined,
  };
}
