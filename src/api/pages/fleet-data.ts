import type { Level } from '../../stats/levels.ts';
import { alertStatesQuery } from '../../store/queries/alerting.ts';
import { latestDrift } from '../../store/queries/drift-read.ts';
import { type Episode, episodes } from '../../store/queries/evidence.ts';
import { fleetTrafficByHour } from '../../store/queries/fleet-traffic.ts';
import { lastHoursLatency, lastHourTraffic } from '../../store/queries/latency.ts';
import { modelTotals } from '../../store/queries/models.ts';
import { latestQuality } from '../../store/queries/signals-read.ts';
import type { Store } from '../../store/store.ts';
import { shownState } from '../read/alert-routes.ts';
import { type KnownModel, knownModels } from '../read/known-model.ts';
import type { ConfiguredModel, ReadDependencies } from '../read/read-dependencies.ts';
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

/** The newest closed drift window of a model; epoch ms. */
export interface NewestDrift {
  readonly level: Level;
  readonly drifted: number;
  readonly features: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One model as the overview shows it. */
export interface FleetRow {
  readonly known: KnownModel;
  readonly configured: ConfiguredModel | undefined;
  readonly lastHour: LastHour | undefined;
  readonly drift: NewestDrift | undefined;
  /** Newest measured quality by signal: accuracy or mae, and label_coverage_ratio. */
  readonly quality: ReadonlyMap<string, { readonly value: number; readonly atMs: number }>;
  readonly firing: number;
  readonly pending: number;
}

/** What the overview shows beside its rows. */
export interface FleetNews {
  /** Alerts that are open or fired in the last week, newest first. */
  readonly alerts: readonly Episode[];
  /** Predictions in each of the last 24 hours, oldest first, by model. */
  readonly traffic: ReadonlyMap<string, readonly number[]>;
  readonly sql: readonly ReproducibleSql[];
}

/** Returns what happened lately in the whole fleet, up to `nowMs` (epoch ms). */
export async function loadFleetNews({ store }: ReadDependencies, nowMs: number): Promise<FleetNews> {
  const toMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS + HOUR_MS;
  const recent = { model: '', id: '', from: nowMs - ALERTS_MS, to: nowMs + 1, limit: MAX_ALERTS };
  const day = { from: toMs - TRAFFIC_HOURS * HOUR_MS, to: toMs };
  const [alerts, traffic] = await Promise.all([store.query(episodes, recent), store.query(fleetTrafficByHour, day)]);
  const hours = Array.from({ length: TRAFFIC_HOURS }, (_, index) => day.from + index * HOUR_MS);
  return {
    alerts,
    traffic: new Map(
      traffic.map((row) => {
        const [starts, requests] = row.hours;
        const counts = new Map(starts.map((start, index) => [start * 1000, requests[index]]));
        return [row.model, hours.map((hour) => counts.get(hour) ?? 0)];
      }),
    ),
    sql: [
      reproducibleSql('Alerts of the last week', episodes, recent),
      reproducibleSql('Traffic by hour', fleetTrafficByHour, day),
    ],
  };
}

/** Which models are asked for, '' for all, what is known of them already, and how to read their last hours if not from the database. */
export interface FleetQuestion {
  readonly model?: string;
  readonly known?: readonly KnownModel[];
  readonly hours?: (known: readonly KnownModel[]) => Promise<FleetHours>;
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
  const timed = new Map(latencies.map((row) => [row.model, row]));
  const lastMinutes = new Map(known.map(({ model, lastMs }) => [model, Math.floor(lastMs / MINUTE_MS) * MINUTE_MS]));
  return requests.map((row) => [row.model, toLastHour(row, timed.get(row.model), lastMinutes.get(row.model) ?? 0)]);
}

/** Returns the newest numbers of every model, or of the one named. */
export async function loadFleet(
  deps: Pick<ReadDependencies, 'store' | 'models'>,
  { model = '', known: knownOf, hours: hoursIn = (known) => readHours(deps, known) }: FleetQuestion = {},
): Promise<readonly FleetRow[]> {
  const { store } = deps;
  const asked = knownOf === undefined ? knownModels(store, model) : Promise.resolve(knownOf);
  const [known, hours, drifts, quality, alerts] = await Promise.all([
    asked,
    asked.then(hoursIn),
    store.query(latestDrift, { model }),
    store.query(latestQuality, { model }),
    store.query(alertStatesQuery, {}),
  ]);
  const newest = new Map(drifts.map((row) => [row.model, { ...row, fromMs: row.from_ms, toMs: row.to_ms }]));
  const measured = byModel(quality);
  const alertsOf = byModel(alerts);
  const count = (name: string, state: 'firing' | 'pending'): number =>
    (alertsOf.get(name) ?? []).filter((alert) => shownState(alert.state) === state).length;
  return known.map((entry) => ({
    known: entry,
    configured: deps.models.find((candidate) => candidate.name === entry.model),
    lastHour: hours.get(entry.model),
    drift: newest.get(entry.model),
    quality: new Map(
      (measured.get(entry.model) ?? []).map((row) => [row.signal, { value: row.value, atMs: row.t_ms }]),
    ),
    firing: count(entry.model, 'firing'),
    pending: count(entry.model, 'pending'),
  }));
}

/** Returns the statements behind the numbers of every model, or of the one named. */
export function fleetSql(known: readonly KnownModel[], model = ''): readonly ReproducibleSql[] {
  const { traffic, latency } = hoursOf(partsOf(known)[0] ?? []);
  return [
    reproducibleSql('Models', modelTotals, { model }),
    reproducibleSql('Traffic and errors', lastHourTraffic, traffic),
    reproducibleSql('Latency', lastHoursLatency, latency),
    reproducibleSql('Drift', latestDrift, { model }),
    reproducibleSql('Quality', latestQuality, { model }),
    reproducibleSql('Alerts', alertStatesQuery, {}),
  ];
}

/** ClickHouse takes 128 KiB of a parameter: names of so many models, and the minutes of so many last hours. */
const MODELS_AT_ONCE = 500;
const LAST_HOURS_AT_ONCE = 150;
const MINUTE_MS = 60_000;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;
const HOUR_MS = 3_600_000;
const TRAFFIC_HOURS = 24;
const ALERTS_MS = 7 * 24 * HOUR_MS;
const MAX_ALERTS = 20;

function byModel<T extends { readonly model: string }>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const lists = new Map<string, T[]>();
  for (const row of rows) {
    const list = lists.get(row.model);
    if (list === undefined) lists.set(row.model, [row]);
    else list.push(row);
  }
  return lists;
}

/** Splits models into parts that can be asked for at once. Those of today share their minutes; those that ended do not. */
function partsOf(known: readonly KnownModel[]): readonly (readonly KnownModel[])[] {
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
  const minute = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS) * MINUTE_SECONDS;
  const own = { models: known.map(({ model }) => model), newest: known.map(({ lastMs }) => minute(lastMs)) };
  const last = [...new Set(own.newest)].toSorted((a, b) => a - b);
  const minutes = last.flatMap((newest) => Array.from({ length: 60 }, (_, back) => newest - back * MINUTE_SECONDS));
  const hours = last.flatMap((newest) => [newest, newest - HOUR_SECONDS].map((at) => at - (at % HOUR_SECONDS)));
  return {
    traffic: { ...own, minutes: [...new Set(minutes)] },
    latency: { ...own, hours: [...new Set(hours)] },
  };
}

function toLastHour(
  { requests, errors }: { readonly requests: number; readonly errors: number },
  timed: { readonly latencies: number; readonly quantiles_ms: readonly (number | null)[] } | undefined,
  lastMinuteMs: number,
): LastHour {
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
