/**
 * Returns the edges of `bins` bins of equal width, outer ones included, with numpy's rounding (`linspace`).
 */
export function equalWidthEdges(min: number, max: number, bins: number): readonly number[] {
  const step = (max - min) / bins;
  return Array.from({ length: bins + 1 }, (_, index) => (index === bins ? max : index * step + min));
}

/**
 * Returns how many bins Sturges' rule gives, as numpy rounds it; 1 without spread.
 *
 * @see H. A. Sturges, The choice of a class interval, J. Am. Stat. Assoc. 21 (1926)
 */
export function sturgesBins(input: { readonly n: number; readonly min: number; readonly max: number }): number {
  return binsOfWidth(input, 1 + Math.log2(input.n));
}

/**
 * Returns how many bins Doane's rule gives: Sturges' with a term for skewness; 1 without spread.
 *
 * @see D. P. Doane, Aesthetic frequency classifications, The American Statistician 30 (1976)
 */
export function doaneBins(input: {
  readonly n: number;
  readonly min: number;
  readonly max: number;
  readonly skew: number;
}): number {
  const { n, skew } = input;
  if (n <= 2) return 1;
  const error = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
  return binsOfWidth(input, 1 + Math.log2(n) + Math.log2(1 + Math.abs(skew) / error));
}

/** Returns the next double above a finite number. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n));
  return view.getFloat64(0);
}

function binsOfWidth(range: { readonly min: number; readonly max: number }, parts: number): number {
  const spread = range.max - range.min;
  const width = spread / parts;
  return width > 0 ? Math.ceil(spread / width) : 1;
}
