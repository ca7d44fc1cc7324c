import { commonStatistics } from '../common-statistics.ts';
import type { Statistics } from '../report.ts';
import type { FeatureWindow, Headline, Judgement } from './profile.ts';

/** What a peer's rule says about one feature. */
export interface PeerVerdict {
  readonly statistics: Partial<Statistics>;
  /** Name of the statistic the rule looks at, as the peer calls it. */
  readonly test: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly drift: boolean;
  readonly details?: Readonly<Record<string, number | string | null>>;
}

/**
 * Returns the judgement of a rule with one threshold: `moderate` for drift, `stable` for none, `insufficient_data` where the
 * peer has no value or no threshold.
 */
export function peerJudgement(
  feature: FeatureWindow,
  counts: { readonly reference: readonly number[]; readonly current: readonly number[] } | undefined,
  verdict: PeerVerdict,
): Judgement {
  const { test, value, threshold, drift } = verdict;
  const common = commonStatistics(feature, counts);
  const known = value !== null && threshold !== null;
  const short = (x: number): string => String(Number(x.toPrecision(4)));
  return {
    statistics: { ...common, ...verdict.statistics },
    level: known ? (drift ? 'moderate' : 'stable') : 'insufficient_data',
    reason: known
      ? `${test} is ${short(value)}, threshold ${short(threshold)}: ${drift ? 'drift' : 'no drift'} by this tool's rule.`
      : value === null
        ? `${test} cannot be computed here.`
        : `${test} is ${short(value)}; this tool has no threshold here.`,
    details: { test, test_value: value, test_threshold: threshold, ...verdict.details },
  };
}

/** Returns the headline a peer's judgement carries in its details. */
export function peerHeadline(_: FeatureWindow, { details }: Judgement): Headline {
  const number = (value: number | string | null | undefined): number | null =>
    typeof value === 'number' ? value : null;
  return {
    statistic: String(details['test'] ?? ''),
    value: number(details['test_value']),
    threshold: number(details['test_threshold']),
  };
}

/** Returns the shares of counts, changed by `adjust`, without making them sum to 1 again. */
export function sharesOf(counts: readonly number[], adjust: (share: number) => number): readonly number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => adjust(count / total));
}

/** Computes sum (q - p) ln(q / p) of shares as they are; all above 0. */
export function plainPsi(p: readonly number[], q: readonly number[]): number {
  return p.reduce((sum, share, index) => {
    const other = q[index] ?? share;
    return sum + (other - share) * Math.log(other / share);
  }, 0);
}
