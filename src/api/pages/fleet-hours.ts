import {
  lastHoursLatency,
  lastHoursLatencyOfModel,
  lastHourTraffic,
  lastHourTrafficOfModel,
} from '../../store/queries/latency.ts';
import type { Store } from '../../store/store.ts';
import type { KnownModel } from '../read/known-model.ts';
import type { ReadDependencies } from '../read/read-dependencies.ts';
import { type ReproducibleSql, reproducibleSql } from '../read/reproducible-sql.ts';

/** Traffic and errors of the last 60 minutes up to a model's own newest minute; latency, in seconds, of the clock hour of that minute and the one before. */
export interface LastHour {
  readonly requestsPerSecond: number;
  readonly errorRatio: number | null;
  readonly p50Seconds: number | null;
  readonly p95Seconds: number | null;
  readonly p99Seconds: number | null;
  /** Start of the newest minute, epoch ms. */
  readonly lastMinuteMs: number;
}

/** Traffic and latency of the last hour by model. */
export type FleetHours = ReadonlyMap<string, LastHour>;

/** Reads traffic and latency of the last hour of some models: the dearest question of the overview. */
export async function readHours(
  { store }: Pick<ReadDependencies, 'store'>,
  known: readonly KnownModel[],
): Promise<FleetHours> {
  const parts = partsOf(known).map((part) => readHoursOf(store, part));
  return new Map((await Promise.all(parts)).flat());
}

async function readHoursOf(
  store: Pick<Store, 'query'>,
  known: readonly KnownModel[],
): Promise<readonly (readonly [string, LastHour])[]> {
  const { traffic, latency } = hoursOf(known);
  const [requests, latencies] = await Promise.all([
    store.query(lastHourTraffic, traffic),
    store.query(lastHoursLatency, latency),
  ]);
  return toLastHours(known, requests, latencies);
}

/** Reads the same of one model. */
export async function readHoursOfModel(store: Pick<Store, 'query'>, known: KnownModel): Promise<FleetHours> {
  const newest = newestOf(known);
  const [requests, latencies] = await Promise.all([
    store.query(lastHourTrafficOfModel, newest),
    store.query(lastHoursLatencyOfModel, newest),
  ]);
  return new Map(toLastHours([known], requests, latencies));
}

function toLastHours(
  known: readonly KnownModel[],
  requests: readonly (Traffic & { readonly model: string })[],
  latencies: readonly (Latency & { readonly model: string })[],
): readonly (readonly [string, LastHour])[] {
  const timed = new Map(latencies.map((row) => [row.model, row]));
  const lastMinutes = new Map(known.map(({ model, lastMs }) => [model, Math.floor(lastMs / MINUTE_MS) * MINUTE_MS]));
  return requests.map((row) => [row.model, toLastHour(row, timed.get(row.model), lastMinutes.get(row.model) ?? 0)]);
}

/** Returns the statements behind the last hours of models; of a large fleet those of its first part. */
export function hoursSql(known: readonly KnownModel[]): readonly ReproducibleSql[] {
  const { traffic, latency } = hoursOf(partsOf(known)[0] ?? []);
  return [
    reproducibleSql('Traffic and errors', lastHourTraffic, traffic),
    reproducibleSql('Latency', lastHoursLatency, latency),
  ];
}

/** Returns the statements behind the last hours of one model. */
export function hoursSqlOfModel(known: KnownModel): readonly ReproducibleSql[] {
  const newest = newestOf(known);
  return [
    reproducibleSql('Traffic and errors', lastHourTrafficOfModel, newest),
    reproducibleSql('Latency', lastHoursLatencyOfModel, newest),
  ];
}

/** ClickHouse takes 128 KiB of a parameter: names of so many models, and the minutes of so many last hours. */
const MODELS_AT_ONCE = 500;
const LAST_HOURS_AT_ONCE = 150;
const MINUTE_MS = 60_000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const HOUR_MS = 3_600_000;

/** Splits models into parts that can be asked for at once. Those of today share their minutes; those that ended do not. */
function partsOf(known: readonly KnownModel[]): readonly (readonly KnownModel[])[] {
  const newestMs = known.reduce((newest, { lastMs }) => Math.max(newest, lastMs), 0);
  const isRecent = ({ lastMs }: KnownModel): boolean => lastMs > newestMs - HOUR_MS;
  return [...splitUp(known.filter(isRecent)), ...splitUp(known.filter((model) => !isRecent(model)))];
}

function splitUp(known: readonly KnownModel[]): readonly (readonly KnownModel[])[] {
  const parts: KnownModel[][] = [];
  let last = new Set<number>();
  for (const model of known) {
    last.add(Math.floor(model.lastMs / MINUTE_MS));
    const part = parts.at(-1);
    if (part === undefined || part.length === MODELS_AT_ONCE || last.size > LAST_HOURS_AT_ONCE) {
      parts.push([model]);
      last = new Set([Math.floor(model.lastMs / MINUTE_MS)]);
    } else part.push(model);
  }
  return parts;
}

/** Returns what to ask for: the newest minute of each model, and the minutes and hours of all of them. */
function hoursOf(known: readonly KnownModel[]) {
  const own = {
    models: known.map(({ model }) => model),
    newest: known.map((model) => newestOf(model).newest),
    // The database compares bytes; names are ASCII.
    first: known.reduce((first, { model }) => (model < first ? model : first), known[0]?.model ?? ''),
    last: known.reduce((last, { model }) => (model > last ? model : last), ''),
  };
  const last = [...new Set(own.newest)];
  const minutes = last.flatMap((newest) => Array.from({ length: 60 }, (_, back) => newest - back * MINUTE_SECONDS));
  const hours = last.flatMap((newest) => [newest, newest - HOUR_SECONDS].map((at) => at - (at % HOUR_SECONDS)));
  return {
    traffic: { ...own, ...stretchOf(minutes, MINUTE_SECONDS) },
    latency: { ...own, ...stretchOf(hours, HOUR_SECONDS) },
  };
}

/** Returns times with the stretch that they lie in; without naming each where that is twice as long at most. */
function stretchOf(all: readonly number[], step: number) {
  const times = [...new Set(all)].toSorted((a, b) => a - b);
  const [from, to] = [times[0] ?? 0, times.at(-1) ?? 0];
  return { from, to, times: (to - from) / step < 2 * times.length ? [] : times };
}

function newestOf({ model, lastMs }: KnownModel) {
  return { model, newest: Math.floor(lastMs / MINUTE_MS) * MINUTE_SECONDS };
}

interface Traffic {
  readonly requests: number;
  readonly errors: number;
}

interface Latency {
  readonly latencies: number;
  readonly quantiles_ms: readonly (number | null)[];
}

function toLastHour({ requests, errors }: Traffic, timed: Latency | undefined, lastMinuteMs: number): LastHour {
  const quantile = (index: number): number | null => {
    const ms = timed === undefined || timed.latencies === 0 ? null : (timed.quantiles_ms[index] ?? null);
    return ms === null ? null : ms / 1000;
  };
  return {
    requestsPerSecond: requests / HOUR_SECONDS,
    errorRatio: requests === 0 ? null : errors / requests,
    p50Seconds: quantile(0),
    p95Seconds: quantile(1),
    p99Seconds: quantile(2),
    lastMinuteMs,
  };
}
