import { rollupDrift } from '../../store/queries/drift-rollup.ts';
import type { Row } from '../../store/store.ts';
import type { DriftPlan } from './drift-plan.ts';
import type { JudgedFeature } from './judge-features.ts';
import { isPrediction } from './prediction-features.ts';

/** One judged feature of one window, and what its rows carry beside. */
export interface DriftRowInput {
  readonly plan: DriftPlan;
  /** Key of the reference profile that the window was compared with. */
  readonly key: number;
  readonly judged: JudgedFeature;
  readonly fromMs: number;
  readonly toMs: number;
  readonly final: boolean;
  readonly nowMs: number;
}

/** Returns the row of `drift_results` with the whole evidence. */
export function resultRow({ plan, key, judged, fromMs, toMs, final, nowMs }: DriftRowInput): Row {
  const { row, verdict, quality, level, reason } = judged;
  const numbers = verdict.status === 'ok' ? verdict : undefined;
  return {
    model: plan.model,
    version: '',
    feature: row.feature,
    segment: '',
    kind: row.kind,
    window_from: fromMs / 1000,
    window_to: toMs / 1000,
    final: final ? 1 : 0,
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
    level,
    reason,
    explain: JSON.stringify({
      ...verdict,
      level,
      reason,
      quality,
      reference: { ...plan.reference, reference_version: plan.referenceVersion },
      query: {
        name: rollupDrift.name,
        parameters: {
          models: [plan.model],
          keys: [key],
          from: fromMs / 1000,
          to: toMs / 1000,
          window: plan.windowMs / 1000,
          version: '',
        },
      },
    }),
    evaluated_at: new Date(nowMs).toISOString(),
  };
}

/** Returns the feature-level signals of the last minute of the window. */
export function featureSignals({ plan, judged, toMs, nowMs }: DriftRowInput): readonly Row[] {
  const { row, verdict } = judged;
  const enough = verdict.status === 'ok';
  const output = isPrediction(row.feature);
  const values: readonly (readonly [string, number | undefined])[] = output
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
      feature: output ? '' : row.feature,
      segment: '',
      gpu: '',
      value: value ?? 'nan',
      state: value === undefined ? 'insufficient_data' : 'ok',
      evaluated_at: new Date(nowMs).toISOString(),
    }));
}

function ratio(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
