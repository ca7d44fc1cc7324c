import type { Clock } from '../core/clock.ts';
import {
  type AlertHistoryRow,
  type AlertStateRow,
  alertHistoryInsert,
  alertStateInsert,
  alertStatesQuery,
  clauseStatesQuery,
} from '../store/queries/alerting.ts';
import { type AvoidedAlarm, avoidedAlarmInsert } from '../store/queries/alert-quality.ts';
import { type LatestDelivery, latestDeliveriesQuery, type OutboxEntry, outboxRow } from '../store/queries/outbox.ts';
import { type SignalPeak, signalPeaksQuery } from '../store/queries/signal-peaks.ts';
import { type SignalSeries, signalSeriesQuery } from '../store/queries/signal-series.ts';
import type { Store } from '../store/store.ts';

/** Which signals are read, at which levels, and over which time (epoch ms). */
interface SignalRead {
  readonly signals: readonly string[];
  readonly levels: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** What of the database holds signals. */
export type SignalReader = Pick<AlertStore, 'readSeries' | 'readPeaks'>;

/** Everything the evaluator reads and writes. */
export interface AlertStore {
  loadStates(): Promise<readonly AlertStateRow[]>;
  /** Clauses of compound rules that hold, see AvoidedAlarms. */
  loadClauses(): Promise<readonly AlertStateRow[]>;
  /** Values of minutes from `fromMs` (inclusive) to `toMs` (exclusive). */
  readSeries(query: SignalRead): Promise<readonly SignalSeries[]>;
  /** Largest values over the full hours from `fromMs` (inclusive) to `toMs` (exclusive). */
  readPeaks(query: SignalRead): Promise<readonly SignalPeak[]>;
  latestDeliveries(): Promise<readonly LatestDelivery[]>;
  writeOutbox(entries: readonly OutboxEntry[]): Promise<void>;
  writeHistory(rows: readonly AlertHistoryRow[]): Promise<void>;
  writeStates(rows: readonly AlertStateRow[]): Promise<void>;
  writeAvoided(rows: readonly AvoidedAlarm[]): Promise<void>;
  writeClauses(rows: readonly AlertStateRow[]): Promise<void>;
}

/** Returns the evaluator's view of the database. */
export function createAlertStore({ store, clock }: { readonly store: Store; readonly clock: Clock }): AlertStore {
  return {
    loadStates: () => store.query(alertStatesQuery, {}),
    loadClauses: () => store.query(clauseStatesQuery, {}),
    readSeries: (read) => store.query(signalSeriesQuery, inSeconds(read)),
    readPeaks: (read) => store.query(signalPeaksQuery, inSeconds(read)),
    latestDeliveries: () => store.query(latestDeliveriesQuery, {}),
    writeOutbox: (entries) =>
      store.insert(
        'outbox',
        entries.map((entry) => outboxRow(entry, clock.now())),
      ),
    writeHistory: (rows) =>
      store.insert(
        'alert_history',
        rows.map((row) => alertHistoryInsert(row, clock.now())),
      ),
    writeAvoided: (rows) =>
      store.insert(
        'avoided_alarms',
        rows.map((row) => avoidedAlarmInsert(row, clock.now())),
      ),
    writeClauses: (rows) =>
      store.insert(
        'clause_states',
        rows.map((row) => alertStateInsert(row, clock.now())),
      ),
    writeStates: (rows) =>
      store.insert(
        'alert_states',
        rows.map((row) => alertStateInsert(row, clock.now())),
      ),
  };
}

function inSeconds({ signals, levels, fromMs, toMs }: SignalRead) {
  return { signals, levels, from: Math.floor(fromMs / 1000), to: Math.floor(toMs / 1000) };
}
