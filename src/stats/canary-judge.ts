import type { CanaryClassification } from './canary-metric.ts';
import { sum } from './sum.ts';

/** One classified metric with its weight in the score; a critical one can decide alone. */
export type JudgedMetric = {
  readonly classification: CanaryClassification;
  /** Weight >= 0. */
  readonly weight: number;
  readonly critical: boolean;
};

/** The verdict on a canary; `score` is 0..100, null when no metric with weight has data. */
export type CanaryJudgement = {
  readonly verdict: 'pass' | 'marginal' | 'fail' | 'inconclusive';
  readonly score: number | null;
};

/**
 * Computes the verdict on a canary from its metrics: a weighted score, with critical metrics that decide alone.
 *
 * In this order: a critical fail fails; no data at all is inconclusive; a score below `marginalScore` fails; a critical
 * metric without data is inconclusive; a score below `passScore` or a critical marginal is marginal; else pass.
 *
 * @param thresholds  Scores 0..100; 95 and 75 by default.
 * @see Spinnaker documentation, How canary judgment works (the weighted score)
 */
export function canaryJudge(
  metrics: readonly JudgedMetric[],
  thresholds: { readonly passScore: number; readonly marginalScore: number } = { passScore: 95, marginalScore: 75 },
): CanaryJudgement {
  const critical = new Set(metrics.filter((metric) => metric.critical).map((metric) => metric.classification));
  const score = weightedScore(metrics);
  if (critical.has('fail')) return { verdict: 'fail', score };
  if (score === null) return { verdict: 'inconclusive', score };
  if (score < thresholds.marginalScore) return { verdict: 'fail', score };
  if (critical.has('nodata')) return { verdict: 'inconclusive', score };
  if (score < thresholds.passScore || critical.has('marginal')) return { verdict: 'marginal', score };
  return { verdict: 'pass', score };
}

const POINTS = { pass: 1, marginal: 0.5, fail: 0, nodata: 0 } as const;

function weightedScore(metrics: readonly JudgedMetric[]): number | null {
  const judged = metrics.filter((metric) => metric.classification !== 'nodata');
  const largest = judged.reduce((most, metric) => Math.max(most, metric.weight), 0);
  const scale = largest > 1e290 ? 1e-290 : 1;
  const total = sum(judged.map((metric) => metric.weight * scale));
  if (total <= 0) return null;
  return (100 * sum(judged.map((metric) => metric.weight * scale * POINTS[metric.classification]))) / total;
}
