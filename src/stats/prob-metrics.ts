import { StatsError } from '../core/errors.ts';
import type { Scored } from './delong.ts';
import type { Outcome } from './outcome.ts';
import { sumOver } from './sum.ts';

/** Quality of probabilities against binary labels. */
export type ProbMetrics = Outcome<{
  /** Mean negative log likelihood in nats, probabilities clipped to [1e-15, 1 - 1e-15]. */
  logLoss: number;
  /** Mean squared error of the probability. */
  brier: number;
  /** Expected calibration error; biased up by about sqrt(bins / n), so compare it with a reference, not with 0. */
  ece: number;
  /** Largest calibration gap of a bin. */
  mce: number;
}>;

/** What one calibration bin holds: rows, sum of their scores, and how many were positive. */
export type CalibrationBin = { readonly count: number; readonly scoreSum: number; readonly positives: number };

const CLIP = 1e-15;

/**
 * Computes log-loss, Brier score and calibration errors of predicted probabilities.
 *
 * @param scored  Labels 0 or 1 and probabilities; rows with another label or a score outside 0..1 are left out.
 * @param bins    Number of equal-width, left-closed calibration bins; 10 by default.
 * @returns       All numbers null when no row is usable.
 * @throws E_STATS_SHAPE      when labels and scores differ in length.
 * @throws E_STATS_PARAMETER  when bins is not a positive integer.
 * @see G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78 (1950)
 * @see M. P. Naeini et al., Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015
 */
export function probMetrics(scored: Scored, bins = 10): ProbMetrics {
  const rows = usableRows(scored);
  const n = rows.length;
  const calibration = calibrationError(calibrationBins(rows, bins));
  if (calibration.status === 'insufficient_data') return { ...calibration, logLoss: null, brier: null };
  const logLoss = sumOver(n, (i) => rowLogLoss(rows[i] ?? NO_ROW)) / n;
  const brier = sumOver(n, (i) => ((rows[i]?.score ?? 0) - (rows[i]?.label ?? 0)) ** 2) / n;
  return { ...calibration, logLoss, brier };
}

/**
 * Computes expected and largest calibration error from bin sums, for example those a database returns.
 *
 * @returns  Null numbers when all bins are empty.
 */
export function calibrationError(bins: readonly CalibrationBin[]): Outcome<{ ece: number; mce: number }> {
  const live = bins.filter((bin) => bin.count > 0);
  const n = sumOver(live.length, (i) => live[i]?.count ?? 0);
  if (n === 0) return { status: 'insufficient_data', ece: null, mce: null };
  const gaps = live.map((bin) => Math.abs(bin.positives - bin.scoreSum));
  return {
    status: 'ok',
    ece: sumOver(gaps.length, (i) => gaps[i] ?? 0) / n,
    mce: live.reduce((most, bin, i) => Math.max(most, (gaps[i] ?? 0) / bin.count), 0),
  };
}

type Row = { readonly label: number; readonly score: number };

const NO_ROW: Row = { label: 0, score: 0 };

function usableRows({ labels, scores }: Scored): readonly Row[] {
  if (labels.length !== scores.length) {
    throw new StatsError('E_STATS_SHAPE', 'Labels and scores must have the same length.');
  }
  const rows: Row[] = [];
  labels.forEach((label, i) => {
    const score = scores[i] ?? Number.NaN;
    if ((label === 0 || label === 1) && score >= 0 && score <= 1) rows.push({ label, score });
  });
  return rows;
}

function rowLogLoss({ label, score }: Row): number {
  const clipped = Math.min(1 - CLIP, Math.max(CLIP, score));
  return label === 1 ? -Math.log(clipped) : -Math.log(1 - clipped);
}

function calibrationBins(rows: readonly Row[], bins: number): readonly CalibrationBin[] {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new StatsError('E_STATS_PARAMETER', 'The number of calibration bins must be a positive integer.');
  }
  const members = Array.from({ length: bins }, () => Array<Row>());
  for (const row of rows) members[Math.min(Math.floor(row.score * bins), bins - 1)]?.push(row);
  return members.map((bin) => ({
    count: bin.length,
    scoreSum: sumOver(bin.length, (i) => bin[i]?.score ?? 0),
    positives: sumOver(bin.length, (i) => bin[i]?.label ?? 0),
  }));
}
