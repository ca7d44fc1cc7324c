import { classificationMetrics } from '../stats/classification-metrics.ts';
import { regressionMetricsFromSums } from '../stats/regression-metrics.ts';
import {
  type PerformanceSums,
  performanceSums,
  performanceSumsOfMany,
  predictionCounts,
} from '../store/queries/performance.ts';
import type { Store } from '../store/store.ts';
import { type WindowUnit, windowAt } from './drift/windows.ts';

export type PredictionTask = 'classification' | 'regression';

export interface PerformanceOptions {
  readonly model: string;
  /** Undefined: all versions together. */
  readonly version?: string | undefined;
  /** One segment as `name=value`; undefined: all traffic. */
  readonly segment?: string | undefined;
  readonly window: WindowUnit;
  /** Predictions made from here (inclusive), epoch ms. */
  readonly fromMs: number;
  /** Predictions made before here, epoch ms. */
  readonly toMs: number;
  /** What the model does; inferred from predictions and labels when undefined. */
  readonly task?: PredictionTask | undefined;
  /**
   * Only labels that came before this time (epoch ms), or before the end of each prediction's own window: what a
   * monitor could know then. Undefined: all labels that are stored.
   */
  readonly labelsBefore?: number | 'window_end' | undefined;
  /** How many predictions may be joined in memory at a time; a million by default. */
  readonly predictionsAtOnce?: number | undefined;
}

/** Quality of the predictions of one window whose labels have come; null where a number does not apply. */
export interface PerformanceWindow {
  /** `all`, `2026-05-03T10`, `2026-05-03`, `2026-W18` or `2026-05`, in UTC. */
  readonly window: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Predictions of status ok. */
  readonly predictions: number;
  readonly labeled: number;
  /** labeled / predictions, 0..1. */
  readonly labelCoverage: number | null;
  readonly accuracy: number | null;
  /** Precision, recall and F1 are of the class 1 or true; null with more than two classes. */
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly auc: number | null;
  /** In nats. */
  readonly logLoss: number | null;
  readonly brier: number | null;
  readonly mae: number | null;
  readonly rmse: number | null;
  readonly r2: number | null;
  /** Mean of predicted minus actual. */
  readonly bias: number | null;
}

/**
 * Returns the quality of a model by window, oldest first; windows without predictions are left out. ClickHouse adds up,
 * about a million predictions at a time; a window with more is joined on disk, so that memory stays bounded.
 *
 * @throws StoreError when the database is away or overloaded
 */
export async function performanceWindows(
  store: Store,
  options: PerformanceOptions,
): Promise<readonly PerformanceWindow[]> {
  const sums: PerformanceSums[] = [];
  for (const part of await plan(store, options)) {
    const query = part.predictions > atOnce(options) ? performanceSumsOfMany : performanceSums;
    sums.push(...(await store.query(query, performanceParameters(options, part))));
  }
  const task = options.task ?? inferTask(sums);
  return sums.map((row) => ({ ...spanOf(options, row), ...toMetrics(row, task) }));
}

/** Returns the parameters of the query that adds up one part of the range; for showing how a number came about. */
export function performanceParameters(
  options: PerformanceOptions,
  part: { readonly fromMs: number; readonly toMs: number },
) {
  const [name, ...value] = (options.segment ?? '').split('=');
  return {
    model: options.model,
    version: options.version ?? '',
    segment_name: name ?? '',
    segment_value: value.join('='),
    window: options.window,
    from: part.fromMs,
    to: part.toMs,
    labels_before: typeof options.labelsBefore === 'number' ? options.labelsBefore : END_OF_TIME_MS,
    by_window_end: options.labelsBefore === 'window_end',
  };
}

const PREDICTIONS_AT_ONCE = 1_000_000;
const MS_PER_HOUR = 3_600_000;
const END_OF_TIME_MS = 4_102_444_800_000;
const MAX_CLASSES = 20;

type Part = { readonly fromMs: number; readonly toMs: number; readonly predictions: number };

/** Splits the range at ends of windows into parts that fit into memory; a longer window is a part by itself. */
async function plan(store: Store, options: PerformanceOptions): Promise<readonly Part[]> {
  const { model, version, segment, window, fromMs, toMs } = options;
  const parameters = { model, version: version ?? '', segment: segment ?? '', window, from: fromMs, to: toMs };
  const parts: Part[] = [];
  let startMs = fromMs;
  let pending = 0;
  for (const { window_ms, predictions } of await store.query(predictionCounts, parameters)) {
    if (pending > 0 && pending + predictions > atOnce(options)) {
      parts.push({ fromMs: startMs, toMs: window_ms, predictions: pending });
      startMs = window_ms;
      pending = 0;
    }
    pending += predictions;
  }
  return pending === 0 ? parts : [...parts, { fromMs: startMs, toMs, predictions: pending }];
}

function atOnce({ predictionsAtOnce }: PerformanceOptions): number {
  return predictionsAtOnce ?? PREDICTIONS_AT_ONCE;
}

/** A model classifies when it gives scores or classes, or when predictions and labels are a few whole numbers. */
function inferTask(rows: readonly PerformanceSums[]): PredictionTask {
  if (rows.some((row) => row.classes > 0 || row.scores > 0)) return 'classification';
  const areClasses = (lists: readonly (readonly number[])[]): boolean => {
    const values = new Set(lists.flat());
    return values.size <= MAX_CLASSES && [...values].every(Number.isInteger);
  };
  const few = areClasses(rows.map((row) => row.label_values)) && areClasses(rows.map((row) => row.prediction_values));
  return few ? 'classification' : 'regression';
}

function spanOf(options: PerformanceOptions, row: PerformanceSums) {
  if (options.window !== 'all') {
    const window = windowAt(options.window, row.window_ms / MS_PER_HOUR);
    return { window: window.label, fromMs: window.fromMs ?? options.fromMs, toMs: window.toMs ?? options.toMs };
  }
  // An open range is shown as what lies in it.
  return {
    window: 'all',
    fromMs: Math.max(options.fromMs, Math.min(row.first_ms, options.toMs)),
    toMs: Math.min(options.toMs, row.last_ms + 1),
  };
}

function toMetrics(row: PerformanceSums, task: PredictionTask) {
  const counts = {
    predictions: row.predictions,
    labeled: row.labels,
    labelCoverage: row.predictions === 0 ? null : row.labels / row.predictions,
  };
  if (task === 'regression') return { ...counts, ...NO_CLASSIFICATION, ...regressionOf(row) };
  return { ...counts, ...NO_REGRESSION, ...classificationOf(row) };
}

function classificationOf(row: PerformanceSums) {
  const { tp, fp, tn, fn } = row;
  const isBinary = row.decisions > 0 && tp + fp + tn + fn === row.decisions;
  const { precision, recall, f1 } = classificationMetrics({ tp, fp, tn, fn });
  const hasBothClasses = row.positives > 0 && row.positives < row.scores;
  return {
    accuracy: row.decisions === 0 ? null : row.hits / row.decisions,
    precision: isBinary ? precision : null,
    recall: isBinary ? recall : null,
    f1: isBinary ? f1 : null,
    auc: hasBothClasses ? row.auc : null,
    logLoss: mean(row.log_loss_sum, row.scores),
    brier: mean(row.brier_sum, row.scores),
  };
}

function regressionOf(row: PerformanceSums) {
  const { mae, rmse, r2, bias } = regressionMetricsFromSums({
    n: row.numbers,
    error: row.error_sum ?? Number.NaN,
    absError: row.abs_error_sum ?? Number.NaN,
    squaredError: row.squared_error_sum ?? Number.NaN,
    squaredDeviation: row.squared_deviation ?? Number.NaN,
    absActual: 0,
    percentage: 0,
    percentageExcluded: row.numbers,
    symmetric: 0,
  });
  return { mae, rmse, r2, bias };
}

function mean(sum: number | null, count: number): number | null {
  return sum === null || count === 0 ? null : sum / count;
}

const NO_CLASSIFICATION = {
  accuracy: null,
  precision: null,
  recall: null,
  f1: null,
  auc: null,
  logLoss: null,
  brier: null,
} as const;

const NO_REGRESSION = { mae: null, rmse: null, r2: null, bias: null } as const;
