import { type DriftStatistic, requireRows, type Sides, sidesSql, toSides } from './drift-statistic.ts';
import type { Nulls } from './outcome.ts';
import { chi2Upper } from './special.ts';
import { sumOver } from './sum.ts';

type Numbers = {
  readonly x2: number;
  readonly df: number;
  readonly p: number;
  readonly g: number;
  readonly pG: number;
  /** Null with one live bin. */
  readonly cramersV: number | null;
  readonly cramersVBc: number | null;
  readonly minExpected: number;
  readonly fracExpectedLt5: number | null;
};

/** Chi-square test of homogeneity of two histograms, the likelihood ratio, and two effect sizes. */
export type Chi2 =
  | ({ readonly status: 'ok' | 'low_expected' | 'degenerate' } & Numbers)
  | ({ readonly status: 'insufficient_data' } & Nulls<Numbers>);

/**
 * Tests whether two histograms come from one distribution: Pearson X^2 and G with B - 1 degrees of freedom.
 *
 * X^2 = sum (r n - c m)^2 / (m n (r + c)) over bins with a row on either side, no continuity correction.
 * `low_expected` when more than 20 % of the expected counts are below 5 or one is below 1; `degenerate` with one live
 * bin (X^2 = 0, p = 1).
 *
 * @returns          cramersV = sqrt(X^2 / N); cramersVBc is corrected for bias and 0 under no association.
 * @throws E_STATS_SHAPE  when lengths differ.
 * @see W. G. Cochran, Some methods for strengthening the common chi-square tests, Biometrics 10 (1954); W. Bergsma,
 *      A bias-correction for Cramer's V, J. Korean Stat. Soc. 42 (2013)
 */
export function chi2(reference: readonly number[], current: readonly number[]): Chi2 {
  const sides = toSides(reference, current);
  if (sides === undefined) return NONE;
  const cells = liveCells(sides);
  const df = cells.length - 1;
  const minExpected = Math.min(...cells.map((cell) => Math.min(cell.expectedR, cell.expectedC)));
  if (df === 0) return { ...DEGENERATE, minExpected };
  const small = cells.map((cell) => Number(cell.expectedR < 5) + Number(cell.expectedC < 5));
  const fracExpectedLt5 = sumOver(small.length, (i) => small[i] ?? 0) / (2 * cells.length);
  const x2 = pearson(sides);
  const g = likelihoodRatio(cells, sides);
  return {
    status: fracExpectedLt5 > 0.2 || minExpected < 1 ? 'low_expected' : 'ok',
    x2,
    df,
    p: chi2Upper(x2, df),
    g,
    pG: chi2Upper(g, df),
    cramersV: Math.sqrt(x2 / (sides.m + sides.n)),
    cramersVBc: correctedV({ x2, df, rows: sides.m + sides.n }),
    minExpected,
    fracExpectedLt5,
  };
}

/** Computes Pearson's X^2 of two histograms with rows on both sides. */
export function pearson({ r, c, m, n }: Sides): number {
  const scaled = sumOver(r.length, (i) => {
    const x = r[i] ?? 0;
    const y = c[i] ?? 0;
    return x + y > 0 ? (x * n - y * m) ** 2 / (x + y) : 0;
  });
  return scaled / (m * n);
}

/** Pearson's X^2 as a drift statistic. */
export const chi2Statistic: DriftStatistic = {
  id: 'chi2',
  title: 'Chi-square',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Pearson 1900; Cochran 1954; grows with the number of rows, so it is judged by its p-value',
  compute: (reference, current) => requireRows(chi2(reference, current).x2),
  sql: (reference, current) => sidesSql(reference, current, X2_SQL),
};

/** The likelihood ratio G as a drift statistic. */
export const gStatistic: DriftStatistic = {
  id: 'g',
  title: 'Likelihood ratio G',
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Wilks 1938; grows with the number of rows, so it is judged by its p-value',
  compute: (reference, current) => requireRows(chi2(reference, current).g),
  sql: (reference, current) => {
    const side = (count: string, total: string): string =>
      `if(${count} > 0, ${count} * log(${count} * (m + n) / ((x + y) * ${total})), 0)`;
    const term = `${side('x', 'm')} + ${side('y', 'n')}`;
    return sidesSql(reference, current, `greatest(0, 2 * arraySum((x, y) -> ${term}, r, c))`);
  },
};

/** Cramer's V as a drift statistic; 0 with one live bin. */
export const cramersVStatistic: DriftStatistic = {
  id: 'cramers_v',
  title: "Cramer's V",
  appliesTo: ['numeric', 'categorical'],
  driftWhen: 'above',
  symmetric: true,
  source: 'Cramer 1946; about sqrt((B - 1) / N) without drift',
  compute: (reference, current) => {
    const result = chi2(reference, current);
    return result.status === 'insufficient_data' ? requireRows(null) : (result.cramersV ?? 0);
  },
  sql: (reference, current) => sidesSql(reference, current, `sqrt(${X2_SQL} / (m + n))`),
};

const X2_SQL = 'arraySum((x, y) -> if(x + y > 0, pow(x * n - y * m, 2) / (x + y), 0), r, c) / (m * n)';
const NONE = {
  status: 'insufficient_data',
  x2: null,
  df: null,
  p: null,
  g: null,
  pG: null,
  cramersV: null,
  cramersVBc: null,
  minExpected: null,
  fracExpectedLt5: null,
} as const;
const DEGENERATE = {
  status: 'degenerate',
  x2: 0,
  df: 0,
  p: 1,
  g: 0,
  pG: 1,
  cramersV: null,
  cramersVBc: null,
  fracExpectedLt5: null,
} as const;

type Cell = {
  readonly r: number;
  readonly c: number;
  readonly expectedR: number;
  readonly expectedC: number;
};

function liveCells({ r, c, m, n }: Sides): readonly Cell[] {
  return r
    .map((count, index) => {
      const other = c[index] ?? 0;
      const rows = count + other;
      return { r: count, c: other, expectedR: (rows * m) / (m + n), expectedC: (rows * n) / (m + n) };
    })
    .filter((cell) => cell.r + cell.c > 0);
}

// O / E is formed as one quotient of integers, so that it is rounded once.
function likelihoodRatio(cells: readonly Cell[], { m, n }: Sides): number {
  const half = sumOver(cells.length, (i) => {
    const cell = cells[i];
    if (cell === undefined) return 0;
    const rows = cell.r + cell.c;
    const first = cell.r > 0 ? cell.r * Math.log((cell.r * (m + n)) / (rows * m)) : 0;
    const second = cell.c > 0 ? cell.c * Math.log((cell.c * (m + n)) / (rows * n)) : 0;
    return first + second;
  });
  return Math.max(0, 2 * half);
}

function correctedV(input: { readonly x2: number; readonly df: number; readonly rows: number }): number | null {
  const spare = input.rows - 1;
  const phi2 = Math.max(0, input.x2 / input.rows - input.df / spare);
  const columns = input.df + 1 - input.df ** 2 / spare;
  const sides = 2 - 1 / spare;
  const smaller = Math.min(columns, sides) - 1;
  return smaller > 0 ? Math.min(1, Math.sqrt(phi2 / smaller)) : null;
}
