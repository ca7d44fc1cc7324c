import { mannWhitney } from './mann-whitney.ts';
import { median7 } from './quantile7.ts';
import { finiteOrNull } from './scale.ts';
import { normalUpper } from './special.ts';
import { type Events, twoProportion } from './two-proportion.ts';

/** What one metric says about the canary. */
export type CanaryClassification = 'pass' | 'marginal' | 'fail' | 'nodata';

/** Measurements of both arms: values of a distribution, or events among trials. */
export type CanarySample =
  | { readonly kind: 'distribution'; readonly baseline: readonly number[]; readonly canary: readonly number[] }
  | { readonly kind: 'proportion'; readonly baseline: Events; readonly canary: Events };

/** When a difference counts, and in which direction it is harmful. */
export type CanaryPolicy = {
  readonly direction: 'increase' | 'decrease' | 'either';
  /** Level of the test, already divided by the number of metrics. */
  readonly alpha: number;
  /** Least values (or trials) on each side; fewer is `nodata`, never a pass. */
  readonly minN: number;
  /** Relative median shift of a distribution, or absolute difference of proportions. */
  readonly marginalEffect: number;
  readonly failEffect: number;
};

/** The verdict on one metric with its two numbers: is it real (p), does it matter (effect). */
export type CanaryMetricResult = {
  readonly classification: CanaryClassification;
  readonly p: number | null;
  /** Canary minus baseline; null when the baseline median is 0 and the canary's is not, then p alone decides. */
  readonly effect: number | null;
};

/**
 * Computes whether the canary is worse than the baseline on one metric: significant and at least the floor.
 *
 * A distribution is tested by Mann-Whitney with the relative shift of medians as effect, a proportion by the one-sided
 * two-proportion test with the difference of rates as effect.
 *
 * @see M. Graff and C. Sanden, Automated canary analysis at Netflix with Kayenta, 2018; unlike Kayenta no outlier is
 * removed and the effect floor does not scale with the estimate
 */
export function canaryMetric(sample: CanarySample, policy: CanaryPolicy): CanaryMetricResult {
  const evidence =
    sample.kind === 'distribution'
      ? distributionEvidence(sample.baseline.filter(Number.isFinite), sample.canary.filter(Number.isFinite), policy)
      : proportionEvidence(sample.baseline, sample.canary, policy);
  if (evidence === undefined) return { classification: 'nodata', p: null, effect: null };
  return { classification: classifyCanary(evidence, policy), ...evidence };
}

/**
 * Returns the default policy: worse means more, alpha 0.01 shared by the metrics, at least 50 rows on a side.
 *
 * A distribution is marginal from a relative median shift of 5% and fails from 10%; a proportion from +0.2 and +1
 * percentage points.
 *
 * @param metricCount  Number of metrics judged together, >= 1.
 */
export function defaultCanaryPolicy(kind: CanarySample['kind'], metricCount: number): CanaryPolicy {
  const effects =
    kind === 'distribution' ? { marginalEffect: 0.05, failEffect: 0.1 } : { marginalEffect: 0.002, failEffect: 0.01 };
  return { direction: 'increase', alpha: 0.01 / Math.max(1, metricCount), minN: 50, ...effects };
}

/** How surprising a difference is and how large; a null effect lets p alone decide. */
export type CanaryEvidence = { readonly p: number; readonly effect: number | null };

/** Returns what evidence from any valid test means under a policy. */
export function classifyCanary({ p, effect }: CanaryEvidence, policy: CanaryPolicy): CanaryClassification {
  if (p >= policy.alpha) return 'pass';
  if (effect === null) return 'fail';
  const harm = { increase: effect, decrease: -effect, either: Math.abs(effect) }[policy.direction];
  if (harm >= policy.failEffect) return 'fail';
  return harm >= policy.marginalEffect ? 'marginal' : 'pass';
}

/** Returns (after - before) / |before|: 0 when equal, null when only `before` is 0. */
export function relativeShift(before: number, after: number): number | null {
  if (before === after) return 0;
  if (before === 0) return null;
  const shift = (after - before) / Math.abs(before);
  return finiteOrNull(Number.isFinite(shift) ? shift : after / Math.abs(before) - Math.sign(before));
}

function distributionEvidence(
  baseline: readonly number[],
  canary: readonly number[],
  policy: CanaryPolicy,
): CanaryEvidence | undefined {
  if (Math.min(baseline.length, canary.length) < Math.max(1, policy.minN)) return undefined;
  const test = policy.direction === 'decrease' ? mannWhitney(canary, baseline) : mannWhitney(baseline, canary);
  const p = policy.direction === 'either' ? test.p : test.pGreater;
  return { p: p ?? 1, effect: relativeShift(median7(baseline) ?? 0, median7(canary) ?? 0) };
}

function proportionEvidence(baseline: Events, canary: Events, policy: CanaryPolicy): CanaryEvidence | undefined {
  if (Math.min(baseline.n, canary.n) < Math.max(1, policy.minN)) return undefined;
  const test = twoProportion(baseline, canary);
  if (test.status === 'insufficient_data') return undefined;
  const p = { increase: test.pUpper, decrease: normalUpper(-test.z), either: test.p }[policy.direction];
  return { p, effect: test.diff };
}
