import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AlertStore } from './alert-store.ts';
import { isFiring } from './alert-state.ts';
import { type AlertChange, evaluateRange, type ThresholdOverride, type TrackedAlert } from './evaluate-range.ts';
import { AvoidedAlarms } from './avoided-alarms.ts';
import type { LinksFor } from './page-message.ts';
import type { Mute, PageTarget } from './page-target.ts';
import { type PagePlan, planPages } from './plan-pages.ts';
import { readSignalWindow } from './read-signal-window.ts';
import type { RoutingConfig } from './routing-config.ts';
import type { Rule } from './rule.ts';
import type { SignalWindow } from './signal-window.ts';
import { toldFrom, type ToldMap } from './told.ts';
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
  readonly targets: readonly PageTarget[];
  readonly routing: Pick<RoutingConfig, 'group' | 'flapping' | 'inhibit'>;
  /** Reads what must not be told now. */
  readonly mutes: () => Promise<readonly Mute[]>;
  readonly linksFor: LinksFor;
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
  #avoided: AvoidedAlarms;
  #alerts: ReadonlyMap<string, TrackedAlert>;
  /** Undefined until it was read what the targets believe. */
  #told: ToldMap | undefined;

  private constructor(options: AlertEvaluatorOptions, stored: Stored) {
    this.#options = options;
    this.#avoided = stored.avoided;
    this.#alerts = stored.alerts;
  }

  /** Makes an evaluator that goes on where the stored states end. */
  static async load(options: AlertEvaluatorOptions): Promise<AlertEvaluator> {
    return new AlertEvaluator(options, await loadStored(options));
  }

  /** Forgets what is remembered and goes on where the stored states end, after another has evaluated in the meantime. */
  async reload(): Promise<void> {
    const { alerts, avoided } = await loadStored(this.#options);
    this.#alerts = alerts;
    this.#avoided = avoided;
    this.#told = undefined;
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
    const plan = range.deliver
      ? await this.#plan({ before: ended.alerts, after: alerts, changes, lastMinuteMs: range.toMs - MINUTE_MS })
      : NOTHING_OWED;
    await store.writeOutbox(plan.entries);
    await store.writeHistory([...ended.history, ...changes.map(historyRow)]);
    await store.writeStates(changedRows(this.#alerts, alerts));
    const { avoided, clauses } = this.#avoided.observe({ ...range, window, threshold, alerts });
    await store.writeAvoided(avoided);
    await store.writeClauses(clauses);
    this.#alerts = alerts;
    this.#told = range.deliver ? plan.told : undefined;
    this.#tell(changes);
    this.#tellMuted(plan.muted);
    return { changes, deliveries: plan.entries.length };
  }

  async #readWindow(range: { readonly fromMs: number; readonly toMs: number }): Promise<SignalWindow> {
    const { rules, store } = this.#options;
    return readSignalWindow({ ...range, rules, store });
  }

  async #plan(range: {
    readonly before: ReadonlyMap<string, TrackedAlert>;
    readonly after: ReadonlyMap<string, TrackedAlert>;
    readonly changes: readonly AlertChange[];
    readonly lastMinuteMs: number;
  }): Promise<PagePlan> {
    const { rules, targets, routing, linksFor, clock } = this.#options;
    const told = await this.#readTold();
    const mutes = await this.#options.mutes();
    return planPages({ ...range, rules, targets, routing, linksFor, told, mutes, nowMs: clock.now() });
  }

  /** What was parked when it was read may have been sent again by hand meanwhile. */
  async #readTold(): Promise<ToldMap> {
    const known = this.#told;
    if (known !== undefined && ![...known.values()].some(({ parked }) => parked)) return known;
    const stored = toldFrom(await this.#options.store.latestDeliveries());
    return known === undefined
      ? stored
      : new Map([...known].map(([key, told]) => [key, told.parked ? (stored.get(key) ?? told) : told]));
  }

  #tellMuted(muted: PagePlan['muted']): void {
    const { logger, telemetry } = this.#options;
    const counter = telemetry.counter('plumbline_alerts_muted_total', 'Alerts that fired and were told to nobody.', [
      'target',
    ]);
    for (const { alert, target, reason } of muted) {
      counter.inc({ target });
      const fields = { alert: alert.alert, scope_key: alert.scopeKey, target, reason };
      logger.info({ event: 'alert_muted', ...fields }, 'Alert fired and is not told.');
    }
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

interface Stored {
  readonly alerts: ReadonlyMap<string, TrackedAlert>;
  readonly avoided: AvoidedAlarms;
}

async function loadStored({ rules, store }: AlertEvaluatorOptions): Promise<Stored> {
  const [states, clauses] = await Promise.all([store.loadStates(), store.loadClauses()]);
  return { alerts: trackedFromRows(states), avoided: new AvoidedAlarms(rules, clauses) };
}

const NOTHING_OWED: PagePlan = { entries: [], told: new Map(), muted: [] };
