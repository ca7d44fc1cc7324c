import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import type { OutboxEntry } from '../store/queries/outbox.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { attemptDelivery } from './attempt-delivery.ts';
import { backoffMs } from './backoff.ts';
import type { Courier, Delivery } from './notifier.ts';
import type { OutboxStore } from './outbox-store.ts';
import { TokenBucket } from './token-bucket.ts';

export interface OutboxWorkerOptions {
  readonly notifiers: readonly Courier[];
  readonly store: OutboxStore;
  readonly clock: Clock;
  /** 0 (inclusive) to 1. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Whether this process may deliver now; another may be at it. */
  readonly mayDeliver?: () => boolean;
  /** Longest pause between two looks at the outbox. */
  readonly idleMs?: number;
}

export interface PassReport {
  readonly delivered: number;
  readonly retried: number;
  readonly parked: number;
  /** Entries still owed. */
  readonly pending: number;
  /** When the next entry can be tried, epoch ms; undefined when nothing is owed. */
  readonly nextDueMs: number | undefined;
}

const IDLE_MS = 5000;
const GRACE_MS = 5000;
/** After so many failures in a row a target is left alone for the length of the last pause. */
const FAILURES_IN_A_ROW = 3;
const OUTCOMES = ['delivered', 'retry', 'parked'] as const;

/**
 * Delivers what the outbox owes, each target on its own: the messages of one dedup key strictly one after the other,
 * so that a resolve never overtakes its trigger. A message is tried until it is accepted or refused for good; the time
 * of the next attempt is stored, so a restart goes on where it was.
 */
export class OutboxWorker {
  readonly #options: OutboxWorkerOptions;
  readonly #lanes: ReadonlyMap<string, Lane>;
  readonly #unsaved = new Map<string, OutboxEntry>();
  readonly #stopping = new AbortController();
  readonly #giveUp = new AbortController();
  #wake = new AbortController();
  #pass: Promise<PassReport> | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: OutboxWorkerOptions) {
    this.#options = options;
    const nowMs = options.clock.now();
    this.#lanes = new Map(
      options.notifiers.map((notifier) => [
        notifier.id,
        { notifier, bucket: new TokenBucket({ ...notifier.rate, nowMs }), pausedUntilMs: 0 },
      ]),
    );
    // A series that begins at 1 has not increased for Prometheus: the first message that is given up must show.
    for (const target of this.#lanes.keys()) for (const outcome of OUTCOMES) this.#count(target, outcome, 0);
  }

  /** Begins to deliver in the background. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at the outbox now instead of at the next turn. */
  wake(): void {
    this.#wake.abort();
  }

  /** Ends the background work; an attempt under way has five seconds to finish, and is repeated after a restart if not. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const finished = new AbortController();
    const work = Promise.allSettled([this.#loop, this.#pass]).then(() => finished.abort());
    await this.#options.clock.sleep(GRACE_MS, finished.signal);
    this.#giveUp.abort();
    await work;
  }

  /**
   * Tries everything that is due once and returns what happened. A pass under way is shared, not doubled.
   *
   * @throws StoreError when the database is away
   */
  async runOnce(): Promise<PassReport> {
    this.#pass ??= this.#runPass().finally(() => {
      this.#pass = undefined;
    });
    return this.#pass;
  }

  async #run(): Promise<void> {
    const { clock, logger, idleMs = IDLE_MS } = this.#options;
    while (!this.#stopping.signal.aborted) {
      let waitMs = idleMs;
      this.#wake = new AbortController();
      try {
        const { nextDueMs } = this.#options.mayDeliver?.() === false ? NOTHING : await this.runOnce();
        if (nextDueMs !== undefined) waitMs = Math.min(idleMs, Math.max(100, nextDueMs - clock.now()));
      } catch (error) {
        logger.warn(
          { event: 'outbox_unreadable', error: describeError(error) },
          'The outbox could not be read or written.',
        );
      }
      await clock.sleep(waitMs, AbortSignal.any([this.#stopping.signal, this.#wake.signal]));
    }
  }

  async #runPass(): Promise<PassReport> {
    await this.#saveUnsaved();
    const entries = await this.#options.store.pending();
    const byTarget = groupBy(entries, ({ target }) => target);
    const reports = await Promise.all([...byTarget].map(([target, owed]) => this.#runTarget(target, owed)));
    this.#publishPending(new Map([...byTarget.keys()].map((target, index) => [target, reports[index]?.pending ?? 0])));
    return reports.reduce(addReports, NOTHING);
  }

  async #runTarget(target: string, owed: readonly OutboxEntry[]): Promise<PassReport> {
    const lane = this.#lanes.get(target);
    if (lane === undefined) return this.#parkAll(target, owed);
    let report: PassReport = NOTHING;
    let failures = 0;
    for (const chain of groupBy(owed, ({ dedupKey }) => dedupKey).values()) {
      if (failures >= FAILURES_IN_A_ROW || this.#stopping.signal.aborted) {
        report = addReports(report, { ...NOTHING, pending: chain.length, nextDueMs: lane.pausedUntilMs });
        continue;
      }
      const outcome = await this.#runChain(lane, chain);
      failures = outcome.delivered + outcome.parked > 0 ? 0 : failures + outcome.retried;
      report = addReports(report, outcome);
      if (failures >= FAILURES_IN_A_ROW) lane.pausedUntilMs = outcome.nextDueMs ?? 0;
    }
    return report;
  }

  /** Delivers the messages of one dedup key in order, up to the first that cannot be delivered now. */
  async #runChain(lane: Lane, chain: readonly OutboxEntry[]): Promise<PassReport> {
    const { clock, telemetry } = this.#options;
    let [delivered, parked] = [0, 0];
    for (const [index, entry] of chain.entries()) {
      const waiting = { delivered, parked, retried: 0, pending: chain.length - index };
      const dueMs = Math.max(entry.nextAttemptMs, lane.pausedUntilMs);
      if (dueMs > clock.now()) return { ...waiting, nextDueMs: dueMs };
      if (this.#options.mayDeliver?.() === false) return { ...waiting, nextDueMs: undefined };
      const waitMs = lane.bucket.take(clock.now());
      if (waitMs > 0) return { ...waiting, nextDueMs: clock.now() + waitMs };
      const delivery = await attemptDelivery({
        notifier: lane.notifier,
        entry,
        signal: this.#giveUp.signal,
        telemetry,
      });
      if (this.#giveUp.signal.aborted && !delivery.ok) return { ...waiting, nextDueMs: dueMs };
      const next = this.#after(entry, delivery);
      if (!delivery.ok && delivery.reason === 'rate_limited') lane.pausedUntilMs = next.nextAttemptMs;
      await this.#settle(next, delivery);
      if (next.state === 'pending') return { ...waiting, retried: 1, nextDueMs: next.nextAttemptMs };
      if (next.state === 'delivered') delivered += 1;
      else parked += 1;
    }
    return { delivered, parked, retried: 0, pending: 0, nextDueMs: undefined };
  }

  #after(entry: OutboxEntry, delivery: Delivery): OutboxEntry {
    const attempts = entry.attempts + 1;
    const next = { ...entry, attempts, revision: entry.revision + 1 };
    if (delivery.ok) return { ...next, state: 'delivered', detail: '' };
    const detail = `${delivery.reason}: ${delivery.detail}`;
    if (!delivery.retryable) return { ...next, state: 'parked', detail };
    const waitMs = backoffMs({ ...delivery, attempts }, this.#options.random);
    return { ...next, detail, nextAttemptMs: this.#options.clock.now() + waitMs };
  }

  /** Stores an outcome. One that cannot be stored is kept, so that this process does not send the message again. */
  async #settle(entry: OutboxEntry, delivery: Delivery): Promise<void> {
    const { logger, store } = this.#options;
    this.#count(entry.target, entry.state === 'pending' ? 'retry' : entry.state, 1);
    const fields = { target: entry.target, dedup_key: entry.dedupKey, action: entry.action, attempts: entry.attempts };
    if (delivery.ok) logger.info({ event: 'delivered', ...fields }, 'Message delivered.');
    else if (entry.state === 'parked')
      logger.error({ event: 'delivery_parked', ...fields, detail: entry.detail }, 'Message refused for good.');
    else
      logger.warn(
        { event: 'delivery_failed', ...fields, detail: entry.detail },
        'Message not delivered, will be tried again.',
      );
    this.#unsaved.set(entry.deliveryId, entry);
    await store.save([entry]);
    this.#unsaved.delete(entry.deliveryId);
  }

  async #saveUnsaved(): Promise<void> {
    if (this.#unsaved.size === 0) return;
    await this.#options.store.save([...this.#unsaved.values()]);
    this.#unsaved.clear();
  }

  async #parkAll(target: string, owed: readonly OutboxEntry[]): Promise<PassReport> {
    const detail = `no notifier is called ${target}`;
    const parked = owed.map((entry) => ({ ...entry, state: 'parked', detail, revision: entry.revision + 1 }) as const);
    await this.#options.store.save(parked);
    this.#count(target, 'parked', parked.length);
    this.#options.logger.error(
      { event: 'delivery_parked', target, messages: owed.length, detail },
      'Messages have no receiver.',
    );
    return { ...NOTHING, parked: owed.length };
  }

  #count(target: string, outcome: (typeof OUTCOMES)[number], attempts: number): void {
    const help = 'Attempts to tell a receiver about an alert.';
    const names = ['target', 'outcome'];
    this.#options.telemetry
      .counter('plumbline_delivery_attempts_total', help, names)
      .inc({ target, outcome }, attempts);
  }

  #publishPending(pending: ReadonlyMap<string, number>): void {
    const gauge = this.#options.telemetry.gauge('plumbline_delivery_pending', 'Messages owed to a receiver.', [
      'target',
    ]);
    for (const target of this.#lanes.keys()) gauge.set({ target }, pending.get(target) ?? 0);
  }
}

interface Lane {
  readonly notifier: Courier;
  readonly bucket: TokenBucket;
  pausedUntilMs: number;
}

const NOTHING: PassReport = { delivered: 0, retried: 0, parked: 0, pending: 0, nextDueMs: undefined };

function addReports(left: PassReport, right: PassReport): PassReport {
  const due = [left.nextDueMs, right.nextDueMs].filter((value) => value !== undefined);
  return {
    delivered: left.delivered + right.delivered,
    retried: left.retried + right.retried,
    parked: left.parked + right.parked,
    pending: left.pending + right.pending,
    nextDueMs: due.length === 0 ? undefined : Math.min(...due),
  };
}

/** Groups in the order in which their first entries come. */
function groupBy(
  entries: readonly OutboxEntry[],
  keyOf: (entry: OutboxEntry) => string,
): ReadonlyMap<string, readonly OutboxEntry[]> {
  const groups = new Map<string, OutboxEntry[]>();
  for (const entry of entries) {
    const group = groups.get(keyOf(entry));
    if (group === undefined) groups.set(keyOf(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}
