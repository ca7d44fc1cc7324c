import type { WindowUnit } from '../../analysis/drift/windows.ts';
import type { DriftReport } from '../../analysis/drift/report.ts';
import { AppError } from '../../core/errors.ts';
import { type DriftBucket, driftByBucket } from '../../store/queries/drift-by-bucket.ts';
import { type KnownModel, knownModel } from '../read/known-model.ts';
import type { ConfiguredModel, ReadDependencies } from '../read/read-dependencies.ts';
import { type ReproducibleSql, reproducibleSql } from '../read/reproducible-sql.ts';
import { type AskedRange, rangeOf } from '../read/request-schemas.ts';
import { type BucketedRange, bucketFor, loadNumbers, type WholeNumbers } from './model-data.ts';

/** Everything a report on one model shows. */
export interface ReportData {
  readonly known: KnownModel;
  readonly configured: ConfiguredModel | undefined;
  readonly range: BucketedRange;
  /** Length of the windows of quality. */
  readonly window: 'hour' | 'day' | 'week';
  readonly numbers: WholeNumbers;
  readonly driftBuckets: readonly DriftBucket[];
  readonly driftSql: readonly ReproducibleSql[];
  /** The whole range against the reference, exactly; a sentence where that cannot be said. */
  readonly comparison: DriftReport | string;
}

/**
 * Returns what a report on a model shows for the asked range, else for all its predictions.
 *
 * @throws E_NOT_FOUND when no prediction names the model; E_USAGE when the range ends before it begins
 */
export async function loadReport(deps: ReadDependencies, model: string, asked: AskedRange): Promise<ReportData> {
  const known = await knownModel(deps.store, model);
  const { fromMs, toMs } = rangeOf(asked, { fromMs: known.firstMs, toMs: known.lastMs + 1 });
  if (toMs <= fromMs) throw new AppError('E_USAGE', 'The range ends before it begins.');
  const lengthMs = toMs - fromMs;
  const range = { fromMs, toMs, bucketSeconds: bucketFor(lengthMs) };
  const window = windowFor(lengthMs);
  const drift = { model, from: fromMs, to: toMs, bucket: range.bucketSeconds };
  const [numbers, driftBuckets, comparison] = await Promise.all([
    loadNumbers(deps, model, range, window),
    deps.store.query(driftByBucket, drift),
    compare(deps, { model, fromMs, toMs }),
  ]);
  return {
    known,
    configured: deps.models.find(({ name }) => name === model),
    range,
    window,
    numbers,
    driftBuckets,
    driftSql: [reproducibleSql('Drift by window', driftByBucket, drift)],
    comparison,
  };
}

const DAY_MS = 86_400_000;

function windowFor(lengthMs: number): Exclude<WindowUnit, 'all' | 'month'> {
  if (lengthMs <= 4 * DAY_MS) return 'hour';
  return lengthMs <= 90 * DAY_MS ? 'day' : 'week';
}

/** A model without a reference, or a range without rows, is no fault: the rest of the report still says something. */
async function compare(
  deps: ReadDependencies,
  request: { readonly model: string; readonly fromMs: number; readonly toMs: number },
): Promise<DriftReport | string> {
  try {
    return await deps.driftForRange({ ...request, window: 'all' });
  } catch (error) {
    if (error instanceof AppError && (error.code === 'E_USAGE' || error.code === 'E_NOT_FOUND')) return error.message;
    throw error;
  }
}
