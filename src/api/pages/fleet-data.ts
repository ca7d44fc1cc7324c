import type { Level } from '../../stats/levels.ts';
import { alertStatesQuery } from '../../store/queries/alerting.ts';
import { latestDrift } from '../../store/queries/drift-read.ts';
import { type Episode, episodes } from '../../store/queries/evidence.ts';
import { fleetTrafficByHour } from '../../store/queries/fleet-traffic.ts';
import { fleetLastHour } from '../../store/queries/latency.ts';
import { latestQuality } from '../../store/queries/signals-read.ts';
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
        const counts = new Map(row.hours);
        return [row.model, hours.map((hour) => counts.get(hour) ?? 0)];
      }),
    ),
    sql: [
      reproducibleSql('Alerts of the last week', episodes, recent),
      reproducibleSql('Traffic by hour', fleetTrafficByHour, day),
    ],
  };
}

/** Which models are asked for, '' for all, and what of the answer is there already. */
export interface FleetQuestion {
  readonly model?: string;
  readonly known?: readonly KnownModel[];
  readonly hours?: Promise<FleetHours>;
}

/** Traffic of the last hour as the database gives it. */
export type FleetHours = Awaited<ReturnType<typeof readHours>>;

/** Reads the traffic of the last hour of every model (''), or of one: the dearest question of the overview. */
export function readHours({ store }: ReadDependencies, model = '') {
  return store.query(fleetLastHour, { model });
}

/** Returns the newest numbers of every model, or of the one named. */
export async function loadFleet(
  deps: ReadDependencies,
  { model = '', known: knownOf, hours: hoursOf }: FleetQuestion = {},
): Promise<readonly FleetRow[]> {
  const { store } = deps;
  const [known, hours, drifts, quality, alerts] = await Promise.all([
    knownOf ?? knownModels(store, model),
    hoursOf ?? readHours(deps, model),
    store.query(latestDrift, { model }),
    store.query(latestQuality, { model }),
    store.query(alertStatesQuery, {}),
  ]);
  const lastHours = new Map(hours.map((row) => [row.model, toLastHour(row)]));
  const newest = new Map(drifts.map((row) => [row.model, { ...row, fromMs: row.from_ms, toMs: row.to_ms }]));
  const count = (name: string, state: 'firing' | 'pending'): number =>
    alerts.filter((alert) => alert.model === name && shownState(alert.state) === state).length;
  return known.map((entry) => ({
    known: entry,
    configured: deps.models.find((candidate) => candidate.name === entry.model),
    lastHour: lastHours.get(entry.model),
    drift: newest.get(entry.model),
    quality: new Map(
      quality
        .filter((row) => row.model === entry.model)
        .map((row) => [row.signal, { value: row.value, atMs: row.t_ms }]),
    ),
    firing: count(entry.model, 'firing'),
    pending: count(entry.model, 'pending'),
  }));
}

/** Returns the statements behind the overview. */
export function fleetSql(model = ''): readonly ReproducibleSql[] {
  return [
    reproducibleSql('Traffic, errors and latency', fleetLastHour, { model }),
    reproducibleSql('Drift', latestDrift, { model }),
    reproducibleSql('Quality', latestQuality, { model }),
    reproducibleSql('Alerts', alertStatesQuery, {}),
  ];
}

const HOUR_SECONDS = 3600;
const HOUR_MS = 3_600_000;
const TRAFFIC_HOURS = 24;
const ALERTS_MS = 7 * 24 * HOUR_MS;
const MAX_ALERTS = 20;

function toLastHour(row: {
  readonly requests: number;
  readonly errors: number;
  readonly latencies: number;
  readonly quantiles_ms: readonly (number | null)[];
  readonly last_minute_ms: number;
}): LastHour {
  const quantile = (index: number): number | null => {
    const ms = row.latencies === 0 ? null : (row.quantiles_ms[index] ?? null);
    return ms === null ? null : ms / 1000;
  };
  return {
    requestsPerSecond: row.requests / HOUR_SECONDS,
    errorRatio: row.requests === 0 ? null : row.errors / row.requests,
    p50Seconds: quantile(0),
    p95Seconds: quantile(1),
    p99Seconds: quantile(2),
    lastMinuteMs: row.last_minute_ms,
  };
}
