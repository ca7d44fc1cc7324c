import { StatsError } from '../core/errors.ts';

export interface TrainingData {
  /** Row-major matrix of inputs, `width` values a row; the first of each row is the constant 1. */
  readonly inputs: Float64Array;
  readonly width: number;
  /** 0 or 1 for each row. */
  readonly labels: Uint8Array;
}

export interface LogisticFit {
  /** One weight for each input, on the log-odds scale. */
  readonly weights: Float64Array;
  readonly iterations: number;
}

const MAX_ITERATIONS = 25;
const TOLERANCE = 1e-8;
/** Keeps the system solvable when two inputs are collinear; too small to move a weight that the data determine. */
const RIDGE = 1e-6;

/**
 * Computes the weights of a logistic regression by Newton's method (iteratively reweighted least squares), without
 * any randomness.
 *
 * @throws E_STATS_EMPTY without rows; E_STATS_SHAPE when inputs and labels do not fit together
 * @see McCullagh and Nelder, Generalized Linear Models, 1989, section 2.5
 */
export function fitLogistic(data: TrainingData): LogisticFit {
  const { inputs, width, labels } = data;
  if (labels.length === 0) throw new StatsError('E_STATS_EMPTY', 'A logistic regression needs rows.');
  if (inputs.length !== labels.length * width) {
    throw new StatsError('E_STATS_SHAPE', 'The matrix of inputs does not have one row for each label.');
  }
  const weights = new Float64Array(width);
  for (let iteration = 1; ; iteration += 1) {
    const { gradient, curvature } = derivatives(data, weights);
    const step = solve(curvature, gradient, width);
    let largest = 0;
    for (let i = 0; i < width; i += 1) {
      weights[i] = at(weights, i) + at(step, i);
      largest = Math.max(largest, Math.abs(at(step, i)));
    }
    if (largest < TOLERANCE || iteration === MAX_ITERATIONS) return { weights, iterations: iteration };
  }
}

/** Returns the probability that belongs to log-odds. */
export function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

interface Derivatives {
  /** Of the log-likelihood. */
  readonly gradient: Float64Array;
  /** Minus its second derivatives: symmetric, row-major. */
  readonly curvature: Float64Array;
}

function derivatives({ inputs, width, labels }: TrainingData, weights: Float64Array): Derivatives {
  const gradient = new Float64Array(width);
  const curvature = new Float64Array(width * width);
  for (let row = 0, start = 0; row < labels.length; row += 1, start += width) {
    let logOdds = 0;
    for (let i = 0; i < width; i += 1) logOdds += at(inputs, start + i) * at(weights, i);
    const probability = logistic(logOdds);
    const residual = (labels[row] ?? 0) - probability;
    const weight = probability * (1 - probability);
    for (let i = 0; i < width; i += 1) {
      const x = at(inputs, start + i);
      gradient[i] = at(gradient, i) + x * residual;
      for (let j = 0; j <= i; j += 1) {
        curvature[i * width + j] = at(curvature, i * width + j) + weight * x * at(inputs, start + j);
      }
    }
  }
  for (let i = 0; i < width; i += 1) {
    gradient[i] = at(gradient, i) - RIDGE * at(weights, i);
    curvature[i * width + i] = at(curvature, i * width + i) + RIDGE;
    for (let j = i + 1; j < width; j += 1) curvature[i * width + j] = at(curvature, j * width + i);
  }
  return { gradient, curvature };
}

/** Solves a symmetric positive definite system by Cholesky factors. */
function solve(matrix: Float64Array, right: Float64Array, width: number): Float64Array {
  const lower = new Float64Array(width * width);
  for (let i = 0; i < width; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = at(matrix, i * width + j);
      for (let k = 0; k < j; k += 1) sum -= at(lower, i * width + k) * at(lower, j * width + k);
      lower[i * width + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / at(lower, j * width + j);
    }
  }
  const result = Float64Array.from(right);
  for (let i = 0; i < width; i += 1) {
    for (let k = 0; k < i; k += 1) result[i] = at(result, i) - at(lower, i * width + k) * at(result, k);
    result[i] = at(result, i) / at(lower, i * width + i);
  }
  for (let i = width - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < width; k += 1) result[i] = at(result, i) - at(lower, k * width + i) * at(result, k);
    result[i] = at(result, i) / at(lower, i * width + i);
  }
  return result;
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
