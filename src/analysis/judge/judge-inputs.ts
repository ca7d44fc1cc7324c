import { UsageError } from '../../core/errors.ts';
import type { CanaryClassification } from '../../stats/canary-metric.ts';
import type { FeatureFloors, Level } from '../../stats/levels.ts';
import type { Store } from '../../store/store.ts';
import { driftFromStore } from '../drift/drift-from-store.ts';
import type { FeatureReport, WindowReport } from '../drift/report.ts';
import type { CanaryMetricReport } from './canary-report.ts';

/** Two versions of a model over the same range, times in epoch ms. */
export interface ComparedVersions {
  readonly store: Store;
  readonly model: string;
  readonly baseline: string;
  readonly canary: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly floors?: FeatureFloors | undefined;
}

/**
 * Judges what the canary answers and what it is asked, with the baseline's rows of the same minutes as reference: a
 * moderate drift of the prediction fails; of a feature it is marginal, for then the two are not comparable.
 */
export async function judgeDistributions(compared: ComparedVersions): Promise<readonly CanaryMetricReport[]> {
  const window = await driftBetween(compared);
  if (window === undefined) return [nothing('prediction', 2, false), nothing('inputs', 1, false)];
  return [judgePrediction(window.prediction), judgeFeatures(window.features)];
}

async function driftBetween(compared: ComparedVersions): Promise<WindowReport | undefined> {
  const { store, model, baseline, canary, fromMs, toMs, floors } = compared;
  try {
    const report = await driftFromStore({
      store,
      model,
      reference: { version: baseline, fromMs, toMs },
      current: { version: canary, fromMs, toMs },
      floors,
    });
    return report.windows[0];
  } catch (error) {
    // One of the two has sent nothing.
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

const BY_LEVEL: Readonly<Record<Level, CanaryClassification>> = {
  insufficient_data: 'nodata',
  stable: 'pass',
  negligible: 'pass',
  minor: 'marginal',
  moderate: 'fail',
  major: 'fail',
};

function judgePrediction(prediction: FeatureReport | null): CanaryMetricReport {
  if (prediction === null) return nothing('prediction', 2, false);
  return {
    ...nothing('prediction', 2, false),
    classification: BY_LEVEL[prediction.level],
    p: prediction.statistics.p_adjusted,
    effect: prediction.statistics.psi_corrected,
    n_baseline: prediction.n_reference,
    n_canary: prediction.n_current,
    reason: `The predictions are ${prediction.level}: ${prediction.reason}`,
  };
}

function judgeFeatures(features: readonly FeatureReport[]): CanaryMetricReport {
  const judged = features.filter(({ level }) => level !== 'insufficient_data');
  if (judged.length === 0) return nothing('inputs', 1, false);
  const worst = judged.reduce((a, b) =>
    (b.statistics.psi_corrected ?? 0) > (a.statistics.psi_corrected ?? 0) ? b : a,
  );
  const moved = judged.filter(({ level }) => level === 'moderate' || level === 'major').map(({ feature }) => feature);
  return {
    ...nothing('inputs', 1, true),
    classification: moved.length > 0 ? 'marginal' : 'pass',
    p: worst.statistics.p_adjusted,
    effect: worst.statistics.psi_corrected,
    n_baseline: worst.n_reference,
    n_canary: worst.n_current,
    reason:
      moved.length > 0
        ? `The two do not see the same inputs (${moved.join(', ')}), so they cannot be compared fairly.`
        : 'Both see the same inputs.',
  };
}

function nothing(metric: 'prediction' | 'inputs', weight: number, critical: boolean): CanaryMetricReport {
  return {
    metric,
    classification: 'nodata',
    p: null,
    effect: null,
    baseline: null,
    canary: null,
    n_baseline: 0,
    n_canary: 0,
    weight,
    critical,
    reason: `There is not enough data to compare the ${metric === 'inputs' ? 'features' : 'predictions'}.`,
  };
}
