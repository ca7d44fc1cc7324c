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
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import { knownModel } from '../read/known-model.ts';
import type { ReadDependencies } from '../read/read-dependencies.ts';
import type { AskedRange } from '../read/request-schemas.ts';
import { rangeOf } from '../read/request-schemas.ts';
import { type ReproducibleSql, reproducibleSql } from '../read/reproducible-sql.ts';
import type { AnswerCache } from './answer-cache.ts';
import { fleetRowSql, type FleetRow, loadFleetRow } from './fleet-data.ts';
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

/** What is added up from single predictions, which takes the longer the more there are. */
export interface RowNumbers {
  readonly performance: readonly PerformanceWindow[];
  /** Predictions in the range, and those that say of themselves that they are simulated. */
  readonly counts: { readonly predictions: number; readonly simulated: number };
}

/** What the database says about a model in the range of its page. */
export interface ModelNumbers {
  readonly drift: readonly DriftWeek[];
  readonly service: readonly ServiceBucket[];
  readonly side: SideData | undefined;
  readonly alerts: readonly Episode[];
  readonly changes: readonly ChangeEvent[];
  /** Undefined while it is still being added up. */
  readonly rows: RowNumbers | undefined;
  readonly sql: Readonly<
    Record<'drift' | 'performance' | 'service' | 'side' | 'alerts' | 'changes', readonly ReproducibleSql[]>
  >;
}

/** The same with nothing missing. */
export interface WholeNumbers extends ModelNumbers {
  readonly rows: RowNumbers;
}

/** The numbers of a range and when they were read; epoch ms. */
export interface RangeNumbers {
  readonly range: BucketedRange;
  readonly numbers: Omit<ModelNumbers, 'rows'>;
  readonly readAtMs: number;
}

/** Answers that a page may find ready. */
export interface PageMemory {
  readonly ranges: AnswerCache<RangeNumbers>;
  readonly rows: AnswerCache<RowNumbers>;
}

/** Everything a model's page shows. */
export interface ModelPageData extends RangeNumbers {
  readonly numbers: ModelNumbers;
  readonly summary: FleetRow;
  readonly sql: readonly ReproducibleSql[];
}

/** GPU signals that are drawn; a model may have twenty. */
const SHOWN_GPU_SIGNALS = ['gpu_utilization_ratio', 'gpu_memory_used_ratio'];
const WEEK_MS = 7 * 86_400_000;
const MONDAY_MS = 4 * 86_400_000; // 1970-01-05 was a Monday
const DEFAULT_WEEKS = 26;
const MAX_EPISODES = 100;
const MAX_CHANGES = 100;
const MAX_AWAITED_ROWS = 50_000;
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
  memory: PageMemory,
): Promise<ModelPageData> {
  const asking = knownModel(deps.store, model);
  // Begins while the totals of the model are read, on which the range depends.
  const summing = loadFleetRow(deps, model, asking);
  summing.catch(() => undefined);
  const known = await asking;
  const { firstMs, lastMs } = known;
  const firstWeekMs = Math.max(startOfWeek(firstMs), startOfWeek(lastMs) - (DEFAULT_WEEKS - 1) * WEEK_MS);
  const { fromMs, toMs } = rangeOf(asked, { fromMs: firstWeekMs, toMs: lastMs + 1 });
  const range = { fromMs, toMs, bucketSeconds: bucketFor(toMs - Math.max(fromMs, firstMs)) };
  // An open end moves with every prediction; the answer to the same question may still be kept for its time.
  const key = JSON.stringify([model, asked.from, asked.to]);
  const quality = qualityOf(deps, model, { range, window: 'week' });
  const [summary, kept] = await Promise.all([
    summing,
    memory.ranges.get(key, async () => ({
      range,
      numbers: await loadRollups(deps, { model, range, quality }),
      readAtMs: deps.clock.now(),
    })),
  ]);
  // Last, because it would hold up the rest, which is quick.
  const rows = await rowsInTime(deps, {
    service: kept.numbers.service,
    isAsked: memory.rows.has(key),
    ask: () => memory.rows.get(key, () => loadRows(deps.store, quality)),
  });
  if (summary === undefined) throw new AppError('E_NOT_FOUND', `The predictions of model ${model} are gone.`);
  return { summary, ...kept, numbers: { ...kept.numbers, rows }, sql: fleetRowSql(known) };
}

/** Returns the numbers from single predictions if a page should wait for them; else they are begun once it is made. */
async function rowsInTime(
  { wallClock, patienceMs }: PagesDependencies,
  options: {
    readonly service: readonly ServiceBucket[];
    readonly isAsked: boolean;
    readonly ask: () => Promise<RowNumbers>;
  },
): Promise<RowNumbers | undefined> {
  const { service, isAsked, ask } = options;
  if (patienceMs === undefined || isSoon(service)) return withPatience(ask(), { wallClock, patienceMs });
  if (isAsked) return withPatience(ask(), { wallClock, patienceMs: 0 });
  setImmediate(() => {
    // Who asks next meets the fault.
    ask().catch(() => undefined);
  });
  return undefined;
}

/** Returns whether numbers from single predictions may come within the patience of a page: a row takes microseconds. */
function isSoon(service: readonly ServiceBucket[]): boolean {
  return service.reduce((sum, { requests }) => sum + requests, 0) <= MAX_AWAITED_ROWS;
}

/** Returns an answer, or undefined when it takes too long; it goes on and is found ready by who asks next. */
async function withPatience<T>(
  answer: Promise<T>,
  { wallClock, patienceMs }: { readonly wallClock: Clock; readonly patienceMs: number | undefined },
): Promise<T | undefined> {
  if (patienceMs === undefined) return answer;
  const waiting = new AbortController();
  try {
    return await Promise.race([answer, wallClock.sleep(patienceMs, waiting.signal).then(() => undefined)]);
  } finally {
    waiting.abort();
    // Nobody waits any longer for what comes too late; who asks next meets the fault.
    answer.catch(() => undefined);
  }
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
): Promise<WholeNumbers> {
  const quality = qualityOf(deps, model, { range, window });
  const [numbers, rows] = await Promise.all([
    loadRollups(deps, { model, range, quality }),
    loadRows(deps.store, quality),
  ]);
  return { ...numbers, rows };
}

function qualityOf(
  { models }: ReadDependencies,
  model: string,
  { range, window }: { readonly range: BucketedRange; readonly window: WindowUnit },
): PerformanceOptions {
  const task = models.find((entry) => entry.name === model)?.task;
  return { model, window, fromMs: range.fromMs, toMs: range.toMs, task };
}

async function loadRows(store: Store, quality: PerformanceOptions): Promise<RowNumbers> {
  const between = { model: quality.model, from: quality.fromMs, to: quality.toMs };
  const [performance, counts] = await Promise.all([
    performanceWindows(store, quality),
    store.query(affectedPredictions, between),
  ]);
  return { performance, counts: counts[0] ?? { predictions: 0, simulated: 0 } };
}

async function loadRollups(
  deps: ReadDependencies,
  {
    model,
    range,
    quality,
  }: { readonly model: string; readonly range: BucketedRange; readonly quality: PerformanceOptions },
): Promise<Omit<ModelNumbers, 'rows'>> {
  const { store } = deps;
  const { fromMs, toMs } = range;
  const between = { model, from: fromMs, to: toMs };
  const service = { ...between, version: '', segment: '', bucket: range.bucketSeconds };
  const episodeParameters = { ...between, id: '', limit: MAX_EPISODES };
  const changeParameters = { ...between, limit: MAX_CHANGES };
  // What takes longest or has something to wait for goes first.
  const [side, buckets, drift, alerts, changes] = await Promise.all([
    loadSide(deps, model, range),
    store.query(serviceByBucket(range.bucketSeconds), service),
    store.query(driftByWeek, between),
    store.query(episodes, episodeParameters),
    store.query(changeEvents, changeParameters),
  ]);
  return {
    drift,
    service: buckets,
    side,
    alerts,
    changes,
    sql: {
      drift: [reproducibleSql('Drift by week', driftByWeek, between)],
      performance: [
        reproducibleSql(
          `Sums by ${quality.window}, from which every number follows`,
          performanceSums,
          performanceParameters(quality, range),
        ),
      ],
      service: [
        reproducibleSql('Traffic and latency', serviceByBucket(range.bucketSeconds), service),
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
  const asked = { model, signals: SHOWN_GPU_SIGNALS, from: fromMs, to: toMs };
  const span = (await store.query(sideSeriesSpan, asked))[0];
  if (span === undefined || span.to_ms === 0) return undefined;
  const range = { fromMs: span.from_ms, toMs: span.to_ms + 1, bucketSeconds: bucketFor(span.to_ms - span.from_ms) };
  const parameters = { model, from: range.fromMs, to: range.toMs, bucket: range.bucketSeconds };
  const [gpu, business] = await Promise.all([
    span.gpu === 0 ? [] : store.query(gpuByBucket, { ...parameters, signals: SHOWN_GPU_SIGNALS }),
    span.business === 0 ? [] : store.query(businessByBucket, parameters),
  ]);
  return { range, gpu, business };
}

function sideSql(model: string, range: BucketedRange): readonly ReproducibleSql[] {
  const parameters = { model, from: range.fromMs, to: range.toMs, bucket: range.bucketSeconds };
  return [
    reproducibleSql('GPU', gpuByBucket, { ...parameters, signals: SHOWN_GPU_SIGNALS }),
    reproducibleSql('Business', businessByBucket, parameters),
  ];
}

function startOfWeek(timeMs: number): number {
  return Math.floor((timeMs - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS;
}
