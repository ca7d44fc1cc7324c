/** A sample as statistics take it: numbers in any array; non-finite ones are left out. */
export type Sample = ArrayLike<number>;

/** How many values of a window are missing or not finite, and the finite ones in order. */
export type Cleaned = {
  readonly nTotal: number;
  readonly nNull: number;
  readonly nNan: number;
  readonly nPosinf: number;
  readonly nNeginf: number;
  readonly nFinite: number;
  readonly finite: Float64Array;
};

/**
 * Separates finite values from null, NaN and infinities, and counts each kind.
 *
 * Distribution statistics use the finite values only; the other counts go to the missing-rate test.
 */
export function clean(values: ArrayLike<number | null | undefined>): Cleaned {
  const buffer = new Float64Array(values.length);
  let nFinite = 0;
  let nNull = 0;
  let nNan = 0;
  let nPosinf = 0;
  let nNeginf = 0;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (value === null || value === undefined) nNull += 1;
    else if (Number.isNaN(value)) nNan += 1;
    else if (value === Number.POSITIVE_INFINITY) nPosinf += 1;
    else if (value === Number.NEGATIVE_INFINITY) nNeginf += 1;
    else {
      buffer[nFinite] = value;
      nFinite += 1;
    }
  }
  const finite = buffer.subarray(0, nFinite);
  return { nTotal: values.length, nNull, nNan, nPosinf, nNeginf, nFinite, finite };
}

/** Returns the finite values of a sample in ascending order, as a new array. */
export function sortFinite(sample: Sample): Float64Array {
  return clean(sample).finite.sort();
}
