import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Store } from '../store.ts';
import { IngestMetrics } from './ingest-metrics.ts';
import { insertSettings } from './insert-settings.ts';
import { createLanes, type Lane, type Waiting } from './lane.ts';
import { batchOf, type Spool, type SpooledBatch } from './spool.ts';
import { type IngestUnit, type RecordKind, UNIT_COLUMNS } from './unit.ts';
import { type Receipt, readReceipts, type UnitOutcome } from './unit-outcome.ts';
import { OverloadedError, StoreSlowError } from './writer-errors.ts';
import { DEFAULT_LIMITS, type WriterLimits } from './writer-limits.ts';

interface InHand {
  readonly outcome: Promise<UnitOutcome>;
  readonly sinceMs: number;
}

const INSERT_POLICY = { attempts: 1000, baseMs: 100, capMs: 5000 } as const;

/**
 * Carries units into the engine in large batches, each unit exactly once: a unit seen before is answered from its
 * receipt; a batch is written down before it is sent, and sent again under the same token until the engine has it,
 * also by the next process after a crash.
 */
export class BatchWriter {
  readonly #store: Store;
  readonly #spool: Spool;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #telemetry: Telemetry;
  readonly #limits: WriterLimits;
  readonly #metrics: IngestMetrics;
  readonly #lanes: ReadonlyMap<RecordKind, Lane>;
  readonly #inHand = new Map<string, InHand>();
  readonly #abort = new AbortController();
  #pendingBytes = 0;

  constructor(options: {
    readonly store: Store;
    readonly spool: Spool;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly telemetry: Telemetry;
    readonly limits?: Partial<WriterLimits>;
    /** Is told which collectors store something. */
    readonly health?: CollectorHealth;
  }) {
    this.#store = options.store;
    this.#spool = options.spool;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#telemetry = options.telemetry;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#metrics = new IngestMetrics({ ...options, health: options.health });
    this.#metrics.showWaiting({
      bytes: () => this.#pendingBytes,
      oldestSinceMs: () => this.#inHand.values().next().value?.sinceMs,
    });
    this.#lanes = createLanes();
  }

  /** Sends what an earlier process left behind and returns how many batches that were. Call once, before the first submit. */
  async recover(): Promise<number> {
    await this.#spool.open();
    let stored = 0;
    for (const token of await this.#spool.tokens()) {
      try {
        const batch = await this.#spool.read(token);
        await this.#send(batch);
        this.#logger.info(
          { event: 'batch_recovered', token, kind: batch.kind },
          'A batch of an earlier run was stored.',
        );
        stored += 1;
      } catch (error) {
        if (error instanceof AppError && error.retryable) throw error;
        if (error instanceof AppError && error.code === 'E_SPOOL') await this.#spool.refuse(token);
        this.#logger.error({ event: 'batch_refused', token, err: error }, 'A batch of an earlier run was set aside.');
      }
    }
    return stored;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Stores a unit; resolves when its rows are durable and counted.
   *
   * @throws OverloadedError when too much waits already; StoreSlowError when the database lets it wait too long;
   * E_STORE when the engine refuses the batch for good
   */
  async submit(unit: IngestUnit): Promise<UnitOutcome> {
    const known = this.#inHand.get(unit.receipt);
    if (known !== undefined) {
      const outcome = await this.#inTime(known.outcome);
      this.#metrics.duplicate(unit, outcome);
      return { ...outcome, duplicate: true };
    }
    if (this.#pendingBytes + unit.bytes > this.#limits.pendingBytes && this.#pendingBytes > 0) {
      const overloaded = new OverloadedError();
      this.#metrics.failed(unit, overloaded);
      throw overloaded;
    }
    const sinceMs = this.#clock.now();
    const stored = new Promise<UnitOutcome>((resolve, reject) => {
      this.#enqueue({ unit, sinceMs, resolve, reject });
    });
    this.#inHand.set(unit.receipt, { outcome: stored, sinceMs });
    this.#pendingBytes += unit.bytes;
    const forget = (): void => {
      this.#inHand.delete(unit.receipt);
      this.#pendingBytes -= unit.bytes;
    };
    stored.then(forget, forget);
    return this.#inTime(stored);
  }

  async #inTime(outcome: Promise<UnitOutcome>): Promise<UnitOutcome> {
    const answered = new AbortController();
    const late = this.#clock.sleep(this.#limits.answerMs, answered.signal).then(() => undefined);
    try {
      const first = await Promise.race([outcome, late]);
      if (first === undefined) throw new StoreSlowError();
      return first;
    } finally {
      answered.abort();
    }
  }

  /** Sends what waits and resolves when all of it is stored. */
  async drain(): Promise<void> {
    for (const [kind, lane] of this.#lanes) this.#flush(kind, lane);
    await Promise.allSettled([...this.#inHand.values()].map(({ outcome }) => outcome));
  }

  /** Drains for at most `graceMs`, then gives up waiting; what is left stays in the spool for the next process. */
  async stop(graceMs: number): Promise<void> {
    await Promise.race([this.drain(), this.#clock.sleep(graceMs, this.#abort.signal)]);
    this.#abort.abort();
  }

  #lane(kind: RecordKind): Lane {
    const lane = this.#lanes.get(kind);
    if (lane === undefined) throw new AppError('E_INTERNAL', `No lane for ${kind}.`);
    return lane;
  }

  #enqueue(waiting: Waiting): void {
    const lane = this.#lane(waiting.unit.kind);
    lane.queue.push(waiting);
    lane.rows += waiting.unit.rows;
    lane.bytes += waiting.unit.bytes;
    if (lane.rows >= this.#limits.batchRows || lane.bytes >= this.#limits.batchBytes) {
      this.#flush(waiting.unit.kind, lane);
    } else {
      const wait = lane.inFlight > 0 ? this.#limits.busyLingerMs : this.#limits.lingerMs;
      lane.timer ??= setTimeout(() => this.#flush(waiting.unit.kind, lane), wait);
    }
  }

  #flush(kind: RecordKind, lane: Lane): void {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    while (lane.queue.length > 0 && this.#mayLeave(lane)) {
      const batch = this.#take(lane);
      lane.inFlight += 1;
      void this.#carry(kind, batch).finally(() => {
        lane.inFlight -= 1;
        this.#flush(kind, lane);
      });
    }
  }

  /** Tells whether a batch may set out: few rows wait for the one on its way, for a batch costs much whatever it holds. */
  #mayLeave(lane: Lane): boolean {
    if (lane.inFlight === 0) return true;
    return lane.inFlight < this.#limits.inFlight && lane.rows >= this.#limits.parallelRows;
  }

  #take(lane: Lane): readonly Waiting[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const { unit } of lane.queue) {
      if (count > 0 && (rows + unit.rows > this.#limits.batchRows || bytes + unit.bytes > this.#limits.batchBytes))
        break;
      rows += unit.rows;
      bytes += unit.bytes;
      count += 1;
    }
    lane.rows -= rows;
    lane.bytes -= bytes;
    return lane.queue.splice(0, count);
  }

  async #carry(kind: RecordKind, batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#telemetry.observe('ingest', kind, async (span) => {
        const seen = await this.#receipts(batch);
        const fresh = batch.filter(({ unit }) => !seen.has(unit.receipt));
        span.setAttribute('plumbline.units', batch.length);
        if (fresh.length > 0) {
          const spooled = batchOf(
            fresh.map(({ unit }) => unit),
            this.#clock.now(),
          );
          span.setAttribute('plumbline.bytes', spooled.bytes);
          await this.#spool.write(spooled);
          await this.#send(spooled);
        }
        const stored = fresh.length > 0 ? await this.#receipts(fresh) : new Map<string, Receipt>();
        for (const waiting of batch) this.#settle(waiting, seen.get(waiting.unit.receipt), stored);
      });
    } catch (error) {
      this.#logger.error({ event: 'batch_failed', kind, err: error }, 'A batch could not be stored.');
      for (const { unit, reject } of batch) {
        this.#metrics.failed(unit, error);
        reject(error);
      }
    }
  }

  #settle(waiting: Waiting, before: Receipt | undefined, stored: ReadonlyMap<string, Receipt>): void {
    const { unit, sinceMs, resolve } = waiting;
    const now = stored.get(unit.receipt);
    if (before !== undefined) {
      this.#metrics.duplicate(unit, before.outcome);
      resolve({ ...before.outcome, duplicate: true });
      return;
    }
    if (now === undefined) throw new AppError('E_INTERNAL', 'A stored unit has no receipt.');
    this.#metrics.stored(unit, now, sinceMs);
    resolve({ ...now.outcome, duplicate: false });
  }

  /** Inserts until the engine has the batch; only a refusal for good ends it otherwise. */
  async #send(batch: SpooledBatch): Promise<void> {
    try {
      await retry({
        action: () =>
          this.#store.insertRaw({
            table: `ingest_${batch.kind}`,
            columns: UNIT_COLUMNS,
            format: 'RowBinary',
            body: batch.body,
            token: batch.token,
            settings: insertSettings(batch.kind),
          }),
        policy: INSERT_POLICY,
        clock: this.#clock,
        random: Math.random,
        signal: this.#abort.signal,
        onRetry: (error, attempt) => {
          this.#metrics.retried(batch.kind);
          this.#logger.warn({ event: 'batch_retry', attempt, err: error }, 'A batch is sent again.');
        },
      });
    } catch (error) {
      if (!(error instanceof AppError && error.retryable)) await this.#spool.refuse(batch.token);
      throw error;
    }
    await this.#spool.remove(batch.token);
    this.#metrics.sent(
      batch.kind,
      batch.units.reduce((total, unit) => total + unit.rows, 0),
    );
  }

  #receipts(batch: readonly Waiting[]): Promise<ReadonlyMap<string, Receipt>> {
    const receipts = batch.map(({ unit }) => unit.receipt);
    return retry({
      action: () => readReceipts(this.#store, receipts),
      policy: INSERT_POLICY,
      clock: this.#clock,
      random: Math.random,
      signal: this.#abort.signal,
    });
  }
}
