/**
 * Computes the autocovariances sum (x_i - mean)(x_(i+k) - mean) / n at lags 0..n-1, by fast Fourier transform.
 *
 * @param centered  The series minus its mean.
 * @returns         One value a lag; n log n time.
 * @see N. Wiener, Generalized harmonic analysis, Acta Math. 55 (1930), for the transform of the power spectrum
 */
export function autocovariances(centered: Float64Array): Float64Array {
  const n = centered.length;
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, 2 * n)));
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  real.set(centered);
  transform(real, imaginary);
  for (let i = 0; i < size; i += 1) {
    real[i] = (real[i] ?? 0) ** 2 + (imaginary[i] ?? 0) ** 2;
    imaginary[i] = 0;
  }
  transform(real, imaginary);
  return real.subarray(0, n).map((value) => value / size / n);
}

// Iterative radix-2 transform in place; length is a power of two. The power spectrum is even, so the forward transform
// also inverts it, up to the division by the length.
function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i += 1) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      swap(real, i, j);
      swap(imaginary, i, j);
    }
  }
  const cosines = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
  const sines = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
  for (let length = 2; length <= size; length *= 2) {
    const stride = size / length;
    for (let start = 0; start < size; start += length) {
      for (let k = 0; k < length / 2; k += 1) {
        butterfly(
          { real, imaginary, top: start + k, bottom: start + k + length / 2 },
          {
            cosine: cosines[k * stride] ?? 1,
            sine: sines[k * stride] ?? 0,
          },
        );
      }
    }
  }
}

function butterfly(
  at: { readonly real: Float64Array; readonly imaginary: Float64Array; readonly top: number; readonly bottom: number },
  twiddle: { readonly cosine: number; readonly sine: number },
): void {
  const { real, imaginary, top, bottom } = at;
  const re = real[bottom] ?? 0;
  const im = imaginary[bottom] ?? 0;
  const turnedRe = re * twiddle.cosine - im * twiddle.sine;
  const turnedIm = re * twiddle.sine + im * twiddle.cosine;
  const topRe = real[top] ?? 0;
  const topIm = imaginary[top] ?? 0;
  real[bottom] = topRe - turnedRe;
  imaginary[bottom] = topIm - turnedIm;
  real[top] = topRe + turnedRe;
  imaginary[top] = topIm + turnedIm;
}

function swap(values: Float64Array, i: number, j: number): void {
  const kept = values[i] ?? 0;
  values[i] = values[j] ?? 0;
  values[j] = kept;
}
