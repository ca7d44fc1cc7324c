import { chi2 } from '../../stats/chi2.ts';
import { hellinger } from '../../stats/hellinger.ts';
import { jsDistance } from '../../stats/js-distance.ts';
import { kolmogorovUpper } from '../../stats/ks-p-value.ts';
import { tv } from '../../stats/tv.ts';
import type { FeatureWindow } from './profiles/profile.ts';
import { NO_STATISTICS, type Statistics } from './report.ts';

/**
 * Computes the statistics that profiles share: distances of the values, and distances of the binned counts.
 *
 * @param counts  The bins of the profile, both sides aligned; undefined leaves the binned statistics null.
 */
export function commonStatistics(
  feature: FeatureWindow,
  counts: { readonly reference: readonly number[]; readonly current: readonly number[] } | undefined,
): Statistics {
  return { ...NO_STATISTICS, ...ofValues(feature), ...(counts === undefined ? {} : ofBins(counts)) };
}

/** Returns the counts of a feature's bins with all unseen categories as one bin at the end, left out when empty. */
export function withUnseenBin(
  feature: FeatureWindow,
): { readonly reference: readonly number[]; readonly current: readonly number[] } | undefined {
  const { bins } = feature;
  if (bins === undefined) return undefined;
  const unseen = bins.unseen.reduce((sum, category) => sum + category.count, 0);
  if (unseen === 0) return bins;
  return { reference: [...bins.reference, 0], current: [...bins.current, unseen] };
}

type Part = Partial<Statistics>;

function ofValues({ distances, reference, current, facts }: FeatureWindow): Part {
  if (distances === undefined) return {};
  const lambda = distances.ks * Math.sqrt((reference.n * current.n) / (reference.n + current.n));
  const sd = facts.sdPop === null || facts.n < 2 ? 0 : facts.sdPop * Math.sqrt(facts.n / (facts.n - 1));
  const constant = facts.min === facts.max;
  const { wasserstein, energySquared } = distances;
  return {
    ks: distances.ks,
    ks_p: kolmogorovUpper(lambda),
    wasserstein: finite(wasserstein),
    wasserstein_scaled: wasserstein === null || sd === 0 || constant ? null : finite(wasserstein / sd),
    energy: energySquared === null ? null : finite(Math.sqrt(Math.max(0, energySquared))),
  };
}

function ofBins(counts: { readonly reference: readonly number[]; readonly current: readonly number[] }): Part {
  const { reference, current } = counts;
  const test = chi2(reference, current);
  const moved = tv(reference, current);
  return {
    chi2: test.x2,
    chi2_df: test.df,
    chi2_p: test.p,
    js_distance: jsDistance(reference, current).distance,
    hellinger: hellinger(reference, current).distance,
    tv: moved.tv,
    linf: moved.linf,
    cramers_v: test.cramersV,
  };
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
