import { type DriftStatistic, requireRows, sidesSql, toSides } from './drift-statistic.ts';
import type { Outcome } from './outcome.ts';
import { sumOver } from './sum.ts';

/** Jensen-Shannon divergence in bits and its square root, a metric. */
export type JsDistance = Outcome<{ jsdBits: number; distance: number }>;

/**
 * Computes the Jensen-Shannon distance: sqrt(JSD), JSD = KL(p || h) / 2 + KL(q || h) / 2 in bits, h = (p + q) / 2.
 *
 * No smoothing, 0 log 0 = 0. Written with log1p of (p - q) / (p + q), so that close histograms keep their digits.
 *
 * @returns          Both in [0, 1]; 0 when the shares are equal, 1 when the supports are disjoint.
 * @throws E_STATS_SHAPE  when lengths differ.
 * @see J. Lin, Divergence measures based on the Shannon entropy, IEEE Trans. Inf. Theory 37 (1991); D. Endres and
 *      J. Schindelin, A new metric for probability distributions (2003)
 */
export function jsDistance(reference: readonly number[], current: readonly number[]): JsDistance {
  const sides = toSides(reference, current);
  if (sides === undefined) return { status: 'insufficient_data', jsdBits: null, distance: null };
  const { r, c, m, n } = sides;
  const nats = sumOver(r.length, (index) => {
    const p = (r[index] ?? 0) / m;
    const q = (c[index] ?? 0) / n;
    if (p === q) return 0;
    const tilt = (p - q) / (p + q);
    return 0.5 * ((p > 0 ? p * Math.log1p(tilt) : 0) + (q > 0 ? q * Math.log1p(-tilt) : 0));
  });
  const jsdBits = Math.min(1, Math.max(0, nats / Math.LN2));
  return { status: 'ok', jsdBits, distance: Math.sqrt(jsdBits) };
}

/** The Jensen-Shannon distance as a drift statistic. */
export const jsStatistic: DriftStatistic = {
  id: 'js_distance',
  title: 'Jensen-Shannon distance',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Lin 1991; Endres and Schindelin 2003; shown beside PSI (PSI is about 8 JSD in nats for small shifts)',
  compute: (reference, current) => requireRows(jsDistance(reference, current).distance),
  sql: (reference, current) => {
    const tilt = '(x / m - y / n) / (x / m + y / n)';
    const term = `if(x > 0, x / m * log1p(${tilt}), 0) + if(y > 0, y / n * log1p(-(${tilt})), 0)`;
    const nats = `arraySum((x, y) -> if(x * n != y * m, 0.5 * (${term}), 0), r, c)`;
    return sidesSql(reference, current, `sqrt(least(1, greatest(0, ${nats} / log(2))))`);
  },
};
