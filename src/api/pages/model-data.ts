import {
  type PerformanceOptions,
  type PerformanceWindow,
  performanceParameters,
  performanceWindows,
} from '../../analysis/performance.ts';
import type { WindowUnit } from '../../analysis/drift/windows.ts';
import { driftByWeek, type DriftWeek } from '../../store/queries/drift-read.ts';
import {
  affectedPredictions,
  type BusinessSeries,
  businessByBucket,
  type ChangeEvent,
  changeEvents,
  type Episode,
  episodes,
  type GpuSeries,
  gpuByBucket,
  sideSeriesSpan,
} from '../../store/queries/evidence.ts';
import { type ServiceBucket, serviceByBucket } from '../../store/queries/latency.ts';
import { performanceSums } from '../../store/queries/performance.ts';
import { AppError } from '../../core/errors.ts';
import type { ReadDependencies } from '../read/read-dependencies.ts';
import type { AskedRange } from '../read/request-schemas.ts';
import { rangeOf } from '../read/request-schemas.ts';
import { type ReproducibleSql, reproducibleSql } from '../read/reproducible-sql.ts';
import { type FleetRow, fleetSql, loadFleet } from './fleet-data.ts';
import type { PagesDependencies } from './pages-dependencies.ts';

/** A stretch of time with the length of the buckets it is shown in. */
export interface BucketedRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bucketSeconds: number;
}

/** GPU and business series of a model with the range in which it has any. */
export interface SideData {
  readonly range: BucketedRange;
  readonly gpu: readonly GpuSeries[];
  readonly business: readonly BusinessSeries[];
}

/** What the database says about a model in the range of its page. */
export interface ModelNumbers {
  readonly drift: readonly DriftWeek[];
  readonly performance: readonly PerformanceWindow[];
  readonly service: readonly ServiceBucket[];
  readonly side: SideData | undefined;
  readonly alerts: readonly Episode[];
  readonly changes: readonly ChangeEvent[];
  /** Predictions in the range, and those that say of themselves that they are simulated. */
  readonly counts: { readonly predictions: number; readonly simulated: number };
  readonly sql: Readonly<
    Record<'drift' | 'performance' | 'service' | 'side' | 'alerts' | 'changes', readonly ReproducibleSql[]>
  >;
}

/** The numbers of a range and when they were read; epoch ms. */
export interface RangeNumbers {
  readonly range: BucketedRange;
  readonly numbers: ModelNumbers;
  readonly readAtMs: number;
}

/** Everything a model's page shows. */
export interface ModelPageData extends RangeNumbers {
  readonly summary: FleetRow;
  readonly sql: readonly ReproducibleSql[];
}

const WEEK_MS = 7 * 86_400_000;
const MONDAY_MS = 4 * 86_400_000; // 1970-01-05 was a Monday
const DEFAULT_WEEKS = 26;
const MAX_EPISODES = 100;
const MAX_CHANGES = 100;
const MAX_BUCKETS = 200;
const BUCKETS = [60, 300, 900, 3600, 6 * 3600, 86_400] as const;

/**
 * Returns what a model's page shows: the asked range, else the last 26 ISO weeks that have data.
 *
 * @throws E_NOT_FOUND when no prediction names the model; E_USAGE when the range ends before it begins
 */
export async function loadModelPage(
  deps: PagesDependencies,
  model: string,
  asked: AskedRange,
  remember: (key: string, compute: () => Promise<RangeNumbers>) => Promise<RangeNumbers>,
): Promise<ModelPageData> {
  const summary = (await loadFleet(deps, model))[0];
  if (summary === undefined) {
    throw new AppError('E_NOT_FOUND', `No predictions of a model named ${model} have been received.`);
  }
  const { firstMs, lastMs } = summary.known;
  const firstWeekMs = Math.max(startOfWeek(firstMs), startOfWeek(lastMs) - (DEFAULT_WEEKS - 1) * WEEK_MS);
  const { fromMs, toMs } = rangeOf(asked, { fromMs: firstWeekMs, toMs: lastMs + 1 });
  const range = { fromMs, toMs, bucketSeconds: bucketFor(toMs - Math.max(fromMs, firstMs)) };
  // An open end moves with every prediction; the answer to the same question may still be kept for its time.
  const kept = await remember(JSON.stringify([model, asked.from, asked.to]), async () => ({
    range,
    numbers: await loadNumbers(deps, model, range),
    readAtMs: deps.clock.now(),
  }));
  return { summary, ...kept, sql: fleetSql(model) };
}

/** Returns the shortest bucket in seconds that cuts a length of time into at most about 200 pieces. */
export function bucketFor(lengthMs: number): number {
  return BUCKETS.find((bucket) => lengthMs / (bucket * 1000) <= MAX_BUCKETS) ?? 86_400;
}

/** Returns the numbers of a model in a range; quality by ISO week, or by another window. */
export async function loadNumbers(
  deps: ReadDependencies,
  model: string,
  range: BucketedRange,
  window: WindowUnit = 'week',
): Promise<ModelNumbers> {
  const { store, models } = deps;
  const { fromMs, toMs } = range;
  const between = { model, from: fromMs, to: toMs };
  const service = { ...between, version: '', segment: '', bucket: range.bucketSeconds };
  const episodeParameters = { ...between, id: '', limit: MAX_EPISODES };
  const changeParameters = { ...between, limit: MAX_CHANGES };
  const task = models.find((entry) => entry.name === model)?.task;
  const quality: PerformanceOptions = { model, window, fromMs, toMs, task };
  const [drift, performance, buckets, side, alerts, changes, counts] = await Promise.all([
    store.query(driftByWeek, between),
    performanceWindows(store, quality),
    store.query(serviceByBucket, service),
    loadSide(deps, model, range),
    store.query(episodes, episodeParameters),
    store.query(changeEvents, changeParameters),
    store.query(affectedPredictions, between),
  ]);
  return {
    drift,
    performance,
    service: buckets,
    side,
    alerts,
    changes,
    counts: counts[0] ?? { predictions: 0, simulated: 0 },
    sql: {
      drift: [reproducibleSql('Drift by week', driftByWeek, between)],
      performance: [
        reproducibleSql(
          `Sums by ${window}, from which every number follows`,
          performanceSums,
          performanceParameters(quality, range),
        ),
      ],
      service: [
        reproducibleSql('Traffic and latency', serviceByBucket, service),
        reproducibleSql('Simulated predictions', affectedPredictions, between),
      ],
      side: sideSql(model, side?.range ?? range),
      alerts: [reproducibleSql('Alerts', episodes, episodeParameters)],
      changes: [reproducibleSql('Changes', changeEvents, changeParameters)],
    },
  };
}

async function loadSide(
  { store }: ReadDependencies,
  model: string,
  { fromMs, toMs }: BucketedRange,
): Promise<SideData | undefined> {
  const span = (await store.query(sideSeriesSpan, { model, from: fromMs, to: toMs }))[0];
  if (span === undefined || span.to_ms === 0) return undefined;
  const range = { fromMs: span.from_ms, toMs: span.to_ms + 1, bucketSeconds: bucketFor(span.to_ms - span.from_ms) };
  const parameters = { model, from: range.fromMs, to: range.toMs, bucket: range.bucketSeconds };
  const [gpu, business] = await Promise.all([
    store.query(gpuByBucket, parameters),
    store.query(businessByBucket, parameters),
  ]);
  return { range, gpu, business };
}

function sideSql(model: string, range: BucketedRange): readonly ReproducibleSql[] {
  const parameters = { model, from: range.fromMs, to: range.toMs, bucket: range.bucketSeconds };
  return [reproducibleSql('GPU', gpuByBucket, parameters), reproducibleSql('Business', businessByBucket, parameters)];
}

function startOfWeek(timeMs: number): number {
  return Math.floor((timeMs - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS;
}
