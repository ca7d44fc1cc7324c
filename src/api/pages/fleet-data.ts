import type { Level } from '../../stats/levels.ts';
import { alertCounts } from '../../store/queries/alerting.ts';
import { latestDrift } from '../../store/queries/drift-read.ts';
import { type Episode, episodes } from '../../store/queries/evidence.ts';
import { fleetTrafficByHour } from '../../store/queries/fleet-traffic.ts';
import { modelTotals } from '../../store/queries/models.ts';
import { latestQuality } from '../../store/queries/signals-read.ts';
import type { Store } from '../../store/store.ts';
import { type KnownModel, knownModels } from '../read/known-model.ts';
import type { ConfiguredModel, ReadDependencies } from '../read/read-dependencies.ts';
import { type ReproducibleSql, reproducibleSql } from '../read/reproducible-sql.ts';
import {
  type FleetHours,
  hoursSql,
  hoursSqlOfModel,
  type LastHour,
  readHours,
  readHoursOfModel,
} from './fleet-hours.ts';

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

/** Returns the newest numbers of every model. */
export async function loadFleet(
  deps: Pick<ReadDependencies, 'store' | 'models'>,
  hoursIn: (known: readonly KnownModel[]) => Promise<FleetHours> = (known) => readHours(deps, known),
): Promise<readonly FleetRow[]> {
  // First, because the dearest question waits for it.
  const asked = knownModels(deps.store);
  const [known, hours, state] = await Promise.all([asked, asked.then(hoursIn), readState(deps.store, '')]);
  return toRows(deps, known, hours, state);
}

/** Returns the newest numbers of one model, of which its totals are asked for already. */
export async function loadFleetRow(
  deps: Pick<ReadDependencies, 'store' | 'models'>,
  model: string,
  asked: Promise<KnownModel>,
): Promise<FleetRow | undefined> {
  const { store } = deps;
  const [known, hours, state] = await Promise.all([
    asked,
    asked.then((known) => readHoursOfModel(store, known)),
    readState(store, model),
  ]);
  return toRows(deps, [known], hours, state)[0];
}

type FleetState = Awaited<ReturnType<typeof readState>>;

/** What is known of every model (''), or of one, without its times. */
async function readState(store: Pick<Store, 'query'>, model: string) {
  const [drifts, quality, alerts] = await Promise.all([
    store.query(latestDrift, { model }),
    store.query(latestQuality, { model }),
    store.query(alertCounts, { model }),
  ]);
  return { drifts, quality, alerts };
}

function toRows(
  deps: Pick<ReadDependencies, 'models'>,
  known: readonly KnownModel[],
  hours: FleetHours,
  { drifts, quality, alerts }: FleetState,
): readonly FleetRow[] {
  const newest = new Map(drifts.map((row) => [row.model, { ...row, fromMs: row.from_ms, toMs: row.to_ms }]));
  const measured = byModel(quality);
  const counts = new Map(alerts.map((row) => [row.model, row]));
  return known.map((entry) => ({
    known: entry,
    configured: deps.models.find((candidate) => candidate.name === entry.model),
    lastHour: hours.get(entry.model),
    drift: newest.get(entry.model),
    quality: new Map(
      (measured.get(entry.model) ?? []).map((row) => [row.signal, { value: row.value, atMs: row.t_ms }]),
    ),
    firing: counts.get(entry.model)?.firing ?? 0,
    pending: counts.get(entry.model)?.pending ?? 0,
  }));
}

/** Returns the statements behind the numbers of every model. */
export function fleetSql(known: readonly KnownModel[]): readonly ReproducibleSql[] {
  return [reproducibleSql('Models', modelTotals, { model: '' }), ...hoursSql(known), ...stateSql('')];
}

/** Returns the statements behind the newest numbers of one model. */
export function fleetRowSql(known: KnownModel): readonly ReproducibleSql[] {
  const { model } = known;
  return [reproducibleSql('Models', modelTotals, { model }), ...hoursSqlOfModel(known), ...stateSql(model)];
}

function stateSql(model: string): readonly ReproducibleSql[] {
  return [
    reproducibleSql('Drift', latestDrift, { model }),
    reproducibleSql('Quality', latestQuality, { model }),
    reproducibleSql('Alerts', alertCounts, { model }),
  ];
}

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
