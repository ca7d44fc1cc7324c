/**
 * Computes the upper tail of the Kolmogorov distribution, P(K > lambda).
 *
 * Q = 2 sum (-1)^(k-1) exp(-2 k^2 lambda^2); below 1 the dual theta series, which converges faster there.
 *
 * @see A. Kolmogorov, Sulla determinazione empirica di una legge di distribuzione, G. Ist. Ital. Attuari 4 (1933)
 */
export function kolmogorovUpper(lambda: number): number {
  if (lambda <= 0) return 1;
  return lambda < 1 ? 1 - lowerSeries(lambda) : upperSeries(lambda);
}

/**
 * Computes the exact p-value P(D >= d) of two samples without ties; with ties it is conservative.
 *
 * Walks the lattice of all orders of the pooled sample and collects the probability of the first step outside the
 * band, so small p-values keep their digits.
 *
 * @param gap  The distance as an integer, d m n.
 * @see J. L. Hodges, The significance probability of the Smirnov two-sample test, Ark. Mat. 3 (1958)
 */
export function ksExact(input: { readonly m: number; readonly n: number; readonly gap: number }): number {
  const { m, n, gap } = input;
  if (gap <= 0) return 1;
  let outside = 0;
  let row = new Float64Array(n + 1);
  for (let i = 0; i <= m; i += 1) {
    const next = new Float64Array(n + 1);
    for (let j = 0; j <= n; j += 1) {
      const reach = i === 0 && j === 0 ? 1 : arrival({ above: row[j] ?? 0, before: next[j - 1] ?? 0, i, j, m, n });
      if (Math.abs(i * n - j * m) >= gap) outside += reach;
      else next[j] = reach;
    }
    row = next;
  }
  return Math.min(1, outside);
}

function arrival(at: {
  readonly above: number;
  readonly before: number;
  readonly i: number;
  readonly j: number;
  readonly m: number;
  readonly n: number;
}): number {
  const left = at.m + at.n - at.i - at.j + 1;
  const down = at.i > 0 ? (at.above * (at.m - at.i + 1)) / left : 0;
  const right = at.j > 0 ? (at.before * (at.n - at.j + 1)) / left : 0;
  return down + right;
}

function upperSeries(lambda: number): number {
  let total = 0;
  for (let k = 1; k <= 100; k += 1) {
    const term = Math.exp(-2 * k * k * lambda * lambda);
    total += k % 2 === 1 ? term : -term;
    if (term < total * 1e-18) break;
  }
  return Math.min(1, 2 * total);
}

function lowerSeries(lambda: number): number {
  let total = 0;
  for (let k = 1; k <= 99; k += 2) {
    const term = Math.exp((-k * k * Math.PI * Math.PI) / (8 * lambda * lambda));
    total += term;
    if (term < total * 1e-18) break;
  }
  return (Math.sqrt(2 * Math.PI) / lambda) * total;
}
