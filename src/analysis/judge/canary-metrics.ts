import { type CanaryPolicy, classifyCanary, defaultCanaryPolicy, relativeShift } from '../../stats/canary-metric.ts';
import { mannWhitneyCounts } from '../../stats/mann-whitney.ts';
import { msprtBernoulli } from '../../stats/msprt-bernoulli.ts';
import { msprtNormal } from '../../stats/msprt-normal.ts';
import { normalUpper } from '../../stats/special.ts';
import { type Events, twoProportion } from '../../stats/two-proportion.ts';
import type { CanaryArm } from '../../store/queries/canary.ts';
import type { CanaryMetricReport } from './canary-report.ts';

/** How the metrics of one judgement are tested. */
export interface CanaryTests {
  /** The error level is shared by this many metrics. */
  readonly metricCount: number;
  /** Tests that stay valid however often one looks. */
  readonly sequential: boolean;
}

export interface RatioMetric {
  readonly metric: CanaryMetricReport['metric'];
  readonly direction: 'increase' | 'decrease';
  readonly weight: number;
  readonly critical: boolean;
  readonly baseline: Events;
  readonly canary: Events;
  /** What the ratio is of, for the reason: "of the predictions failed". */
  readonly meaning: string;
}

/**
 * Judges a ratio, such as that of errors: one-sided, at least +0.2 percentage points for `marginal` and +1 for `fail`.
 * Fewer than 50 trials on a side are `nodata`.
 */
export function judgeRatio(ratio: RatioMetric, tests: CanaryTests): CanaryMetricReport {
  const { baseline, canary, metric, weight, critical, meaning } = ratio;
  const policy: CanaryPolicy = {
    ...defaultCanaryPolicy('proportion', tests.metricCount),
    direction: ratio.direction,
  };
  const shared = { metric, weight, critical, n_baseline: baseline.n, n_canary: canary.n };
  const before = rate(baseline);
  const after = rate(canary);
  if (before === null || after === null || Math.min(baseline.n, canary.n) < policy.minN) {
    const reason = `Only ${Math.min(baseline.n, canary.n)} trials on a side; ${policy.minN} are needed.`;
    return { ...shared, classification: 'nodata', p: null, effect: null, baseline: before, canary: after, reason };
  }
  const p = tests.sequential ? alwaysValidP(baseline, canary, policy) : fixedP(baseline, canary, policy.direction);
  const effect = after - before;
  return {
    ...shared,
    classification: classifyCanary({ p, effect }, policy),
    p,
    effect,
    baseline: before,
    canary: after,
    reason: `${percent(after)} ${meaning} against ${percent(before)} (p ${shortP(p)}).`,
  };
}

/**
 * Judges the latencies: the median's relative rise, 5 % for `marginal` and 10 % for `fail`, by a rank test over counts at
 * steps of 0.2 %, or by a sequential test of the mean logarithm.
 *
 * @param counts  Latencies of both versions at aligned ascending steps.
 */
export function judgeLatency(
  arms: { readonly baseline: CanaryArm; readonly canary: CanaryArm },
  counts: { readonly baseline: readonly number[]; readonly canary: readonly number[] },
  tests: CanaryTests,
): CanaryMetricReport {
  const { baseline, canary } = arms;
  const policy = defaultCanaryPolicy('distribution', tests.metricCount);
  const shared = {
    metric: 'latency' as const,
    weight: 1,
    critical: false,
    baseline: seconds(baseline.median_ms),
    canary: seconds(canary.median_ms),
    n_baseline: baseline.timed,
    n_canary: canary.timed,
  };
  const fewest = Math.min(baseline.timed, canary.timed);
  if (baseline.median_ms === null || canary.median_ms === null || fewest < policy.minN) {
    const reason = `Only ${fewest} latencies on a side; ${policy.minN} are needed.`;
    return { ...shared, classification: 'nodata', p: null, effect: null, reason };
  }
  const p = tests.sequential
    ? alwaysValidLatencyP(baseline, canary, policy)
    : (mannWhitneyCounts(counts.baseline, counts.canary).pGreater ?? 1);
  const effect = relativeShift(baseline.median_ms, canary.median_ms);
  const classification = classifyCanary({ p, effect }, policy);
  const reason = `Median latency ${canary.median_ms.toPrecision(3)} ms against ${baseline.median_ms.toPrecision(3)} ms (p ${shortP(p)}).`;
  return { ...shared, classification, p, effect, reason };
}

function fixedP(baseline: Events, canary: Events, direction: CanaryPolicy['direction']): number {
  const test = twoProportion(baseline, canary);
  if (test.status === 'insufficient_data') return 1;
  return direction === 'decrease' ? normalUpper(-test.z) : test.pUpper;
}

/** The prior's spread is the difference worth failing for, fixed before any data. */
function alwaysValidP(baseline: Events, canary: Events, policy: CanaryPolicy): number {
  return msprtBernoulli(baseline, canary, { tau2: policy.failEffect ** 2, alpha: policy.alpha }).pAlways ?? 1;
}

function alwaysValidLatencyP(baseline: CanaryArm, canary: CanaryArm, policy: CanaryPolicy): number {
  const moments = ({ timed, log_mean, log_variance }: CanaryArm) => ({
    n: timed,
    mean: log_mean ?? 0,
    variance: log_variance ?? 0,
  });
  const tau2 = Math.log1p(policy.failEffect) ** 2;
  return msprtNormal(moments(baseline), moments(canary), { tau2, alpha: policy.alpha }).pAlways ?? 1;
}

function rate({ k, n }: Events): number | null {
  return n > 0 ? k / n : null;
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(2)} %`;
}

function shortP(p: number): string {
  return p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}
