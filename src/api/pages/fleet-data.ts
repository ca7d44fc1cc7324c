import type { Level } from '../../stats/levels.ts';
import { alertStatesQuery } from '../../store/queries/alerting.ts';
import { latestDrift } from '../../store/queries/drift-read.ts';
import { fleetLastHour } from '../../store/queries/latency.ts';
import { latestQuality } from '../../store/queries/signals-read.ts';
import { shownState } from '../read/alert-routes.ts';
import { type KnownModel, knownModels } from '../read/known-model.ts';
import type { ConfiguredModel, ReadDependencies } from '../read/read-dependencies.ts';
import { type ReproducibleSql, reproducibleSql } from '../read/reproducible-sql.ts';

/** Traffic of the last 60 minutes up to a model's own newest minute. Latency in seconds. */
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

/** Returns the newest numbers of every model, or of the one named; worst first. */
export async function loadFleet(deps: ReadDependencies, model = ''): Promise<readonly FleetRow[]> {
  const { store } = deps;
  const [known, hours, drifts, quality, alerts] = await Promise.all([
    knownModels(store, model),
    store.query(fleetLastHour, { model }),
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
