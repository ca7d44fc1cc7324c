import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { findSignal } from '../signals/catalogue.ts';
import type { LatestDelivery, OutboxEntry } from '../store/queries/outbox.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AlertStore } from './alert-store.ts';
import { isFiring } from './alert-state.ts';
import { type DeliveryOptions, deliveriesFor, missingDeliveries } from './deliveries.ts';
import { type AlertChange, evaluateRange, type ThresholdOverride, type TrackedAlert } from './evaluate-range.ts';
import { longestRangeMs, type Rule, termsOf } from './rule.ts';
import { levelOf } from './scope.ts';
import { SignalWindow } from './signal-window.ts';
import { changedRows, endAlerts, historyRow, trackedFromRows } from './tracked-alerts.ts';

export interface AlertEvaluatorOptions {
  /** In the order of `loadRules`. */
  readonly rules: readonly Rule[];
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Thresholds of single models. */
  readonly threshold: ThresholdOverride;
  readonly targetsFor: DeliveryOptions['targetsFor'];
  readonly linksFor: DeliveryOptions['linksFor'];
}

export interface EvaluationReport {
  readonly minutes: number;
  readonly changes: readonly AlertChange[];
  /** Messages put into the outbox. */
  readonly deliveries: number;
  /** Alerts firing after the last minute. */
  readonly firing: number;
}

const MINUTE_MS = 60_000;
/** A day at a time keeps memory bounded when months are replayed. */
const CHUNK_MS = 1440 * MINUTE_MS;

/**
 * Decides rules minute by minute and owes messages for what changes. Safe to kill at any moment: messages are written
 * before states, under ids that follow from the episode, so minutes decided again owe nothing twice; and the first
 * range after a start also owes what targets were told wrongly or not at all.
 */
export class AlertEvaluator {
  readonly #options: AlertEvaluatorOptions;
  #alerts: ReadonlyMap<string, TrackedAlert>;
  #mustReconcile = true;

  private constructor(options: AlertEvaluatorOptions, alerts: ReadonlyMap<string, TrackedAlert>) {
    this.#options = options;
    this.#alerts = alerts;
  }

  /** Makes an evaluator that goes on where the stored states end. */
  static async load(options: AlertEvaluatorOptions): Promise<AlertEvaluator> {
    return new AlertEvaluator(options, trackedFromRows(await options.store.loadStates()));
  }

  /** Returns every alert and scope that was ever true, with its present state. */
  get alerts(): readonly TrackedAlert[] {
    return [...this.#alerts.values()];
  }

  /**
   * Decides the minutes from `fromMs` (inclusive) to `toMs` (exclusive), epoch ms. Minutes that an alert has behind it
   * are left alone. With `deliver: false` (history that is loaded) nobody is told; what still fires afterwards is owed
   * by the next range that delivers.
   *
   * @throws StoreError when the database is away; nothing is then remembered of the day in question, so try it again
   */
  async evaluateMinutes(range: {
    readonly fromMs: number;
    readonly toMs: number;
    readonly deliver?: boolean;
  }): Promise<EvaluationReport> {
    const { telemetry } = this.#options;
    return telemetry.observe('alerting', 'evaluate', async () => {
      const first = Math.ceil(range.fromMs / MINUTE_MS) * MINUTE_MS;
      const changes: AlertChange[] = [];
      let deliveries = 0;
      for (let fromMs = first; fromMs < range.toMs; fromMs += CHUNK_MS) {
        const toMs = Math.min(fromMs + CHUNK_MS, range.toMs);
        const chunk = await this.#evaluateChunk({ fromMs, toMs, deliver: range.deliver !== false });
        changes.push(...chunk.changes);
        deliveries += chunk.deliveries;
      }
      const minutes = Math.max(0, Math.ceil((range.toMs - first) / MINUTE_MS));
      return { minutes, changes, deliveries, firing: this.alerts.filter(({ state }) => isFiring(state)).length };
    });
  }

  async #evaluateChunk(range: { readonly fromMs: number; readonly toMs: number; readonly deliver: boolean }): Promise<{
    readonly changes: readonly AlertChange[];
    readonly deliveries: number;
  }> {
    const { rules, store, threshold } = this.#options;
    const known = new Set(rules.map(({ alert }) => alert));
    const ended = endAlerts(this.#alerts, { isGone: ({ alert }) => !known.has(alert), atMs: range.fromMs });
    const window = await this.#readWindow(range);
    const { alerts, changes } = evaluateRange({ ...range, rules, window, alerts: ended.alerts, threshold });
    const owed = range.deliver ? await this.#owed(alerts, changes, range.toMs - MINUTE_MS) : [];
    await store.writeOutbox(owed);
    await store.writeHistory([...ended.history, ...changes.map(historyRow)]);
    await store.writeStates(changedRows(this.#alerts, alerts));
    this.#alerts = alerts;
    this.#mustReconcile = !range.deliver;
    this.#tell(changes);
    return { changes, deliveries: owed.length };
  }

  async #readWindow(range: { readonly fromMs: number; readonly toMs: number }): Promise<SignalWindow> {
    const { rules, store } = this.#options;
    const signals = [...new Set(rules.flatMap((rule) => termsOf(rule).map(({ signal }) => signal)))];
    if (signals.length === 0) return new SignalWindow([]);
    const levels = new Set(
      rules.flatMap((rule) => termsOf(rule).map(({ signal }) => levelOf(rule.scope, findSignal(signal)?.scope ?? []))),
    );
    const lookBackMs = Math.max(0, ...rules.map(longestRangeMs));
    const fromMs = Math.max(0, range.fromMs - lookBackMs);
    return new SignalWindow(await store.readSeries({ signals, levels: [...levels], fromMs, toMs: range.toMs }));
  }

  async #owed(
    alerts: ReadonlyMap<string, TrackedAlert>,
    changes: readonly AlertChange[],
    atMs: number,
  ): Promise<readonly OutboxEntry[]> {
    const { rules, store, targetsFor, linksFor, clock } = this.#options;
    const options = { targetsFor, linksFor, nowMs: clock.now() };
    const owed = deliveriesFor(changes, options);
    if (!this.#mustReconcile) return owed;
    const latest = latestOf([...(await store.latestDeliveries()), ...owed]);
    return [...owed, ...missingDeliveries({ alerts, rules, latest, atMs, options })];
  }

  #tell(changes: readonly AlertChange[]): void {
    const { logger, telemetry } = this.#options;
    const counter = telemetry.counter('plumbline_alert_transitions_total', 'Changes of state of alerts.', [
      'alert',
      'transition',
    ]);
    for (const { transition, alert, atMs } of changes) {
      counter.inc({ alert: alert.alert, transition });
      const fields = { alert: alert.alert, scope_key: alert.scopeKey, transition, at: new Date(atMs).toISOString() };
      logger.info({ event: 'alert_changed', ...fields }, 'Alert changed its state.');
    }
  }
}

function latestOf(deliveries: readonly LatestDelivery[]): readonly LatestDelivery[] {
  const latest = new Map<string, LatestDelivery>();
  for (const delivery of deliveries) {
    const key = `${delivery.target}\u0000${delivery.dedupKey}`;
    const known = latest.get(key);
    if (known === undefined || known.occurredMs <= delivery.occurredMs) latest.set(key, delivery);
  }
  return [...latest.values()];
}
