import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { servingVersion } from '../../store/queries/model-age.ts';
import { type OutboxEntry, outboxRow, type RetrainMessage } from '../../store/queries/outbox.ts';
import {
  deliveryState,
  featureWindowLevels,
  freshLabels,
  type RetrainRequest,
  retrainRequestInsert,
  retrainRequests,
} from '../../store/queries/retrain.ts';
import type { Store } from '../../store/store.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { isFiring, isOpen } from '../alert-state.ts';
import type { TrackedAlert } from '../evaluate-range.ts';
import { isFleet } from '../scope.ts';
import { decideRetrain, persistentDrift, type RetrainSettings } from './decide-retrain.ts';

export interface RetrainModel {
  readonly model: string;
  readonly settings: RetrainSettings;
  /** Stated importance by feature. */
  readonly importance: Readonly<Record<string, number>>;
  /** The courier in the outbox. */
  readonly target: string;
}

export interface RetrainJobOptions {
  readonly store: Store;
  /** Time of deliveries. */
  readonly wallClock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly models: readonly RetrainModel[];
  /** Alerts with `retrain` among the actions of their rule. */
  readonly askingAlerts: ReadonlySet<string>;
}

const MONTH_MS = 30 * 86_400_000;
const RECENT_MS = 15 * 60_000;
/** So long an outcome is a signal. */
const OUTCOME_MS = 7 * 86_400_000;

/** Asks for retraining where that is safe, and watches whether the new version cured the drift. */
export class RetrainJob {
  readonly #options: RetrainJobOptions;
  /** What was said last about each model, so that a refusal is logged once. */
  readonly #said = new Map<string, string>();

  constructor(options: RetrainJobOptions) {
    this.#options = options;
  }

  /**
   * Looks at every model once, as of a time (epoch ms).
   *
   * @throws StoreError when the database is away; the ids follow from the time of the request, so it may be tried again
   */
  async run(atMs: number, alerts: readonly TrackedAlert[]): Promise<void> {
    for (const model of this.#options.models) await this.#runModel(model, atMs, alerts);
  }

  /**
   * Approves or rejects a request that waits; undefined when there is no such request, or it does not wait.
   *
   * @throws StoreError when the database is away
   */
  async decide(decision: {
    readonly id: string;
    readonly approve: boolean;
    readonly by: string;
    readonly atMs: number;
  }): Promise<RetrainRequest | undefined> {
    const { id, approve, by, atMs } = decision;
    const [request] = await this.#options.store.query(retrainRequests, { model: '', id, since: 0 });
    if (request?.state !== 'awaiting_approval') return undefined;
    if (approve) await this.#owe(request);
    return this.#save({ ...request, state: approve ? 'requested' : 'rejected', decidedMs: atMs, decidedBy: by });
  }

  async #runModel(model: RetrainModel, atMs: number, alerts: readonly TrackedAlert[]): Promise<void> {
    const { store, askingAlerts } = this.#options;
    const since = atMs - Math.max(MONTH_MS, model.settings.cooldown, model.settings.watch_for * 2);
    const requests = await store.query(retrainRequests, { model: model.model, id: '', since });
    await this.#tellOutcome(requests[0], atMs);
    const open = requests.find(({ state }) => state === 'requested' || state === 'new_version');
    if (open !== undefined) {
      await this.#watch(model, open, atMs);
      return;
    }
    const windows = await this.#windows(model, 0, atMs);
    const openAlerts = alerts
      .filter(({ state, instance }) => isOpen(state) && (instance.model === model.model || isFleet(instance)))
      .map(({ alert, state, instance }) => {
        const asksRetraining = askingAlerts.has(alert) && instance.model === model.model;
        return { alert, isFiring: isFiring(state), asksRetraining };
      });
    const facts = { windows, importance: model.importance, openAlerts, requests, nowMs: atMs };
    const decision = decideRetrain(facts, model.settings);
    if (decision.kind === 'none') return;
    if (decision.kind === 'blocked') return this.#sayBlocked(model.model, decision);
    const labels = await this.#freshLabels(model, atMs);
    if (labels < model.settings.min_fresh_labels) {
      const blockedBy = `only ${labels} fresh labels of the ${model.settings.min_fresh_labels} that are needed`;
      return this.#sayBlocked(model.model, { reason: decision.reason, blockedBy });
    }
    const evidence = {
      features: windows.map(({ feature, levels, psi, to_ms }) => ({ feature, levels, psi, to: iso(to_ms) })),
      alerts: openAlerts.map(({ alert, isFiring: fires }) => ({ alert, isFiring: fires })),
      fresh_labels: labels,
      thresholds: thresholdsOf(model.settings),
    };
    await this.#ask(model, { reason: decision.reason, evidence, atMs });
  }

  async #ask(
    model: RetrainModel,
    found: { readonly reason: string; readonly evidence: Readonly<Record<string, unknown>>; readonly atMs: number },
  ): Promise<void> {
    const { reason, evidence, atMs } = found;
    const id = createHash('sha256').update(`${model.model}\u0000${atMs}`).digest('hex').slice(0, 16);
    const request: RetrainRequest = {
      id,
      model: model.model,
      version: await this.#servingVersion(model.model, atMs),
      state: model.settings.approval ? 'awaiting_approval' : 'requested',
      reason,
      evidence: JSON.stringify(evidence),
      target: model.target,
      requestedMs: atMs,
      decidedMs: atMs,
      decidedBy: '',
      newVersion: '',
      detail: '',
      revision: 0,
    };
    if (!model.settings.approval) await this.#owe(request);
    await this.#save(request);
  }

  /** Owes the request to its target; the id makes it one however often it is owed. */
  async #owe(request: RetrainRequest): Promise<void> {
    const { store, wallClock } = this.#options;
    const { id, model, version, reason, requestedMs, target } = request;
    const evidence: Readonly<Record<string, unknown>> = JSON.parse(request.evidence);
    const message: RetrainMessage = { action: 'retrain', id, model, version, reason, requestedMs, evidence };
    const entry: OutboxEntry = {
      deliveryId: deliveryIdOf(id),
      target,
      dedupKey: deliveryIdOf(id),
      action: 'retrain',
      body: JSON.stringify(message),
      state: 'pending',
      attempts: 0,
      nextAttemptMs: wallClock.now(),
      detail: '',
      occurredMs: requestedMs,
      createdMs: wallClock.now(),
      revision: 0,
    };
    await store.insert('outbox', [outboxRow(entry, wallClock.now())]);
  }

  /** Follows a request: refused by its target, a new version, and whether that one is free of the drift. */
  async #watch(model: RetrainModel, request: RetrainRequest, atMs: number): Promise<void> {
    const { store } = this.#options;
    if (request.state === 'requested') {
      const [delivery] = await store.query(deliveryState, { id: deliveryIdOf(request.id) });
      if (delivery?.state === 'parked') {
        await this.#save({ ...request, state: 'failed', decidedMs: atMs, detail: delivery.detail });
        return;
      }
      const newVersion = await this.#servingVersion(model.model, atMs);
      if (newVersion !== '' && newVersion !== request.version) {
        await this.#save({ ...request, state: 'new_version', decidedMs: atMs, newVersion });
      } else if (atMs - request.requestedMs > model.settings.watch_for) {
        await this.#save({ ...request, state: 'no_new_version', decidedMs: atMs });
      }
      return;
    }
    const windows = await this.#windows(model, request.decidedMs, atMs);
    const judged = windows.filter(({ levels }) => levels.length >= model.settings.persist_windows);
    if (judged.length === 0) return;
    const drift = persistentDrift(judged, model.importance, model.settings);
    const detail = drift ?? `no drift that persists in the ${model.settings.persist_windows} windows since`;
    await this.#save({ ...request, state: drift === undefined ? 'cured' : 'not_cured', decidedMs: atMs, detail });
  }

  /** Says what became of the newest request as a signal of the minute that begins, so that rules and incidents see it. */
  async #tellOutcome(newest: RetrainRequest | undefined, atMs: number): Promise<void> {
    const value = newest === undefined ? undefined : OUTCOMES[newest.state];
    if (newest === undefined || value === undefined || atMs - newest.decidedMs > OUTCOME_MS) return;
    const row = { t: iso(atMs), signal: 'retrain_outcome', model: newest.model, value, state: 'ok' };
    await this.#options.store.insert('signals', [{ ...row, evaluated_at: iso(this.#options.wallClock.now()) }]);
  }

  /** Stores a state, and says it: log, counter and a change event that dashboards and incidents show. */
  async #save(request: RetrainRequest): Promise<RetrainRequest> {
    const { store, logger, telemetry, wallClock } = this.#options;
    const { id, model, state, version, newVersion, reason, detail } = request;
    const saved = { ...request, revision: request.revision + 1 };
    await store.insert('retrain_requests', [retrainRequestInsert(saved, wallClock.now())]);
    const title = `Retraining ${state.replaceAll('_', ' ')}: ${detail === '' ? reason : detail}`;
    const received = iso(wallClock.now());
    const event = {
      ts: iso(request.decidedMs),
      kind: 'retrain',
      title,
      model,
      version: newVersion || version,
      url: '',
    };
    const row = { ...event, labels: { request: id, state, source: 'plumbline' }, received };
    await store.insert('change_events', [row], { token: `retrain/${id}/${saved.revision}` });
    telemetry
      .counter('plumbline_retrain_requests_total', 'Requests to retrain, by what became of them.', ['model', 'state'])
      .inc({ model, state });
    logger.info(
      { event: 'retrain', model, request: id, state, reason, detail },
      'A request to retrain changed its state.',
    );
    this.#said.delete(model);
    return saved;
  }

  #sayBlocked(model: string, decision: { readonly reason: string; readonly blockedBy: string }): void {
    const text = `${decision.reason}; ${decision.blockedBy}`;
    if (this.#said.get(model) === text) return;
    this.#said.set(model, text);
    this.#options.logger.info({ event: 'retrain_blocked', model, ...decision }, 'Retraining is not asked for.');
  }

  async #windows(model: RetrainModel, afterMs: number, untilMs: number) {
    return this.#options.store.query(featureWindowLevels, {
      model: model.model,
      windows: model.settings.persist_windows,
      after: Math.ceil(afterMs / 1000),
      until: Math.floor(untilMs / 1000),
    });
  }

  async #freshLabels({ model, settings }: RetrainModel, atMs: number): Promise<number> {
    if (settings.min_fresh_labels === 0) return 0;
    const [row] = await this.#options.store.query(freshLabels, { model, since: atMs - settings.fresh_for });
    return row?.labels ?? 0;
  }

  async #servingVersion(model: string, atMs: number): Promise<string> {
    const since = iso(atMs - RECENT_MS)
      .slice(0, 19)
      .replace('T', ' ');
    const [row] = await this.#options.store.query(servingVersion, { model, since });
    return row?.version ?? '';
  }
}

const OUTCOMES: Readonly<Record<RetrainRequest['state'], number | undefined>> = {
  awaiting_approval: 0,
  requested: 0,
  new_version: 0,
  cured: 1,
  not_cured: -1,
  no_new_version: -1,
  failed: -1,
  rejected: undefined,
};

function deliveryIdOf(id: string): string {
  return `retrain/${id}`;
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** What the decision went by; settings may hold more than belongs into evidence. */
function thresholdsOf(settings: RetrainSettings): Readonly<Record<string, number>> {
  const { persist_windows, importance, min_fresh_labels } = settings;
  return { persist_windows, importance, min_fresh_labels };
}
