import type { CanaryClassification } from '../../stats/canary-metric.ts';

/** What a canary judgement says; keys are the JSON of the API. */
export interface CanaryReport {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  /** Weighted share of what is well, 0..100; null when no metric has data. */
  readonly score: number | null;
  readonly model: string;
  readonly baseline: { readonly version: string; readonly predictions: number };
  readonly canary: { readonly version: string; readonly predictions: number };
  /** Both versions are compared over these same minutes. */
  readonly window: { readonly from: string; readonly to: string };
  /** True: nothing passes before the whole window is there, and what fails before satisfies a sequential test. */
  readonly sequential: boolean;
  /** Predictions of both versions. */
  readonly samples: number;
  readonly metrics: readonly CanaryMetricReport[];
  /** Why the verdict is not `pass`, the worst first; empty for a pass. */
  readonly reasons: readonly string[];
}

/** One metric of a judgement with the numbers of both versions. */
export interface CanaryMetricReport {
  readonly metric: 'error_ratio' | 'latency' | 'slow_ratio' | 'missing_ratio' | 'accuracy' | 'prediction' | 'inputs';
  readonly classification: CanaryClassification;
  /** Probability of a difference like this by chance. */
  readonly p: number | null;
  /** Difference of ratios, relative shift of the median, or corrected PSI. */
  readonly effect: number | null;
  /** The ratio, or the median in seconds; null where it means nothing. */
  readonly baseline: number | null;
  readonly canary: number | null;
  readonly n_baseline: number;
  readonly n_canary: number;
  readonly weight: number;
  /** A critical metric decides alone. */
  readonly critical: boolean;
  readonly reason: string;
}
