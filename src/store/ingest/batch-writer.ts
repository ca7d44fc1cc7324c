import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { receiptOutcomes, rejectedLines } from '../queries/ingest.ts';
import type { Store } from '../store.ts';
import type { Spool, SpooledBatch } from './spool.ts';
import { type IngestUnit, RECORD_KINDS, type RecordKind, UNIT_COLUMNS } from './unit.ts';

export interface LineError {
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

export interface UnitOutcome {
  readonly accepted: number;
  readonly rejected: number;
  /** The first 20 rejected lines. */
  readonly errors: readonly LineError[];
  /** The unit had been stored before; nothing was stored now. */
  readonly duplicate: boolean;
}

export interface WriterLimits {
  readonly batchRows: number;
  readonly batchBytes: number;
  /** How long the first unit of a batch waits for company, in milliseconds. */
  readonly lingerMs: number;
  /** Bytes waiting or on their way; beyond that units are turned away. */
  readonly pendingBytes: number;
  readonly inFlight: number;
}

export const DEFAULT_LIMITS: WriterLimits = {
  batchRows: 100_000,
  batchBytes: 96 * 1024 * 1024,
  lingerMs: 20,
  pendingBytes: 384 * 1024 * 1024,
  inFlight: 2,
};

interface Waiting {
  readonly unit: IngestUnit;
  readonly resolve: (outcome: UnitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  queue: Waiting[];
  rows: number;
  bytes: number;
  inFlight: number;
  timer: NodeJS.Timeout | undefined;
}

/** Too much is waiting for the database: come back later. */
export class OverloadedError extends AppError {
  constructor() {
    super('E_OVERLOADED', 'Too many records wait for the database; send them again later.', { retryable: true });
  }
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
  readonly #lanes: ReadonlyMap<RecordKind, Lane>;
  readonly #inHand = new Map<string, Promise<UnitOutcome>>();
  readonly #abort = new AbortController();
  #pendingBytes = 0;

  constructor(options: {
    readonly store: Store;
    readonly spool: Spool;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly telemetry: Telemetry;
    readonly limits?: Partial<WriterLimits>;
  }) {
    this.#store = options.store;
    this.#spool = options.spool;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#telemetry = options.telemetry;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#lanes = new Map(
      RECORD_KINDS.map((kind) => [kind, { queue: [], rows: 0, bytes: 0, inFlight: 0, timer: undefined }]),
    );
  }

  /** Sends what an earlier process left behind. Call once, before the first submit. */
  async recover(): Promise<number> {
    await this.#spool.open();
    const tokens = await this.#spool.tokens();
    for (const token of tokens) {
      const batch = await this.#spool.read(token);
      await this.#send(batch);
      this.#logger.info({ event: 'batch_recovered', token, kind: batch.kind }, 'A batch of an earlier run was stored.');
    }
    return tokens.length;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Stores a unit; resolves when its rows are durable and counted.
   *
   * @throws OverloadedError when too much waits already; E_STORE when the engine refuses the batch for good
   */
  submit(unit: IngestUnit): Promise<UnitOutcome> {
    const known = this.#inHand.get(unit.receipt);
    if (known !== undefined) return known.then((outcome) => ({ ...outcome, duplicate: true }));
    if (this.#pendingBytes + unit.body.length > this.#limits.pendingBytes && this.#pendingBytes > 0) {
      return Promise.reject(new OverloadedError());
    }
    const promise = new Promise<UnitOutcome>((resolve, reject) => {
      this.#enqueue({ unit, resolve, reject });
    });
    this.#inHand.set(unit.receipt, promise);
    this.#pendingBytes += unit.body.length;
    const forget = (): void => {
      this.#inHand.delete(unit.receipt);
      this.#pendingBytes -= unit.body.length;
    };
    promise.then(forget, forget);
    return promise;
  }

  /** Sends what waits and resolves when all of it is stored. */
  async drain(): Promise<void> {
    for (const [kind, lane] of this.#lanes) this.#flush(kind, lane);
    await Promise.allSettled(this.#inHand.values());
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
    lane.bytes += waiting.unit.body.length;
    if (lane.rows >= this.#limits.batchRows || lane.bytes >= this.#limits.batchBytes) {
      this.#flush(waiting.unit.kind, lane);
    } else {
      lane.timer ??= setTimeout(() => this.#flush(waiting.unit.kind, lane), this.#limits.lingerMs);
    }
  }

  #flush(kind: RecordKind, lane: Lane): void {
    clearTimeout(lane.timer);
    lane.timer = undefined;
    while (lane.queue.length > 0 && lane.inFlight < this.#limits.inFlight) {
      const batch = this.#take(lane);
      lane.inFlight += 1;
      void this.#carry(kind, batch).finally(() => {
        lane.inFlight -= 1;
        this.#flush(kind, lane);
      });
    }
  }

  #take(lane: Lane): readonly Waiting[] {
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const { unit } of lane.queue) {
      if (count > 0 && (rows + unit.rows > this.#limits.batchRows || bytes + unit.body.length > this.#limits.batchBytes)) break;
      rows += unit.rows;
      bytes += unit.body.length;
      count += 1;
    }
    lane.rows -= rows;
    lane.bytes -= bytes;
    return lane.queue.splice(0, count);
  }

  async #carry(kind: RecordKind, batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#telemetry.observe('ingest', kind, async (span) => {
        const seen = await this.#outcomes(batch.map(({ unit }) => unit.receipt));
        const fresh = batch.filter(({ unit }) => !seen.has(unit.receipt));
        span.setAttribute('plumbline.units', batch.length);
        if (fresh.length > 0) {
          const spooled = assemble(kind, fresh, this.#clock.now());
          span.setAttribute('plumbline.bytes', spooled.body.length);
          await this.#spool.write(spooled);
          await this.#send(spooled);
        }
        const stored = fresh.length > 0 ? await this.#outcomes(fresh.map(({ unit }) => unit.receipt)) : new Map();
        for (const { unit, resolve } of batch) {
          const before = seen.get(unit.receipt);
          const outcome = before ?? stored.get(unit.receipt);
          if (outcome === undefined) throw new AppError('E_INTERNAL', 'A stored unit has no receipt.');
          resolve({ ...outcome, duplicate: before !== undefined });
        }
      });
    } catch (error) {
      this.#logger.error({ event: 'batch_failed', kind, err: error }, 'A batch could not be stored.');
      for (const { reject } of batch) reject(error);
    }
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
            settings: INSERT_SETTINGS,
          }),
        policy: INSERT_POLICY,
        clock: this.#clock,
        random: Math.random,
        signal: this.#abort.signal,
        onRetry: (error, attempt) => {
          this.#telemetry.counter('plumbline_ingest_retries_total', 'Batches sent to the database again.', ['kind']).inc({ kind: batch.kind });
          this.#logger.warn({ event: 'batch_retry', attempt, err: error }, 'A batch is sent again.');
        },
      });
    } catch (error) {
      if (!(error instanceof AppError && error.retryable)) await this.#spool.refuse(batch.token);
      throw error;
    }
    await this.#spool.remove(batch.token);
    const rows = batch.units.reduce((total, unit) => total + unit.rows, 0);
    this.#telemetry.counter('plumbline_ingest_rows_total', 'Records stored or rejected.', ['kind']).inc({ kind: batch.kind }, rows);
    this.#telemetry.counter('plumbline_ingest_bytes_total', 'Bytes of records stored.', ['kind']).inc({ kind: batch.kind }, batch.body.length);
  }

  async #outcomes(receipts: readonly string[]): Promise<ReadonlyMap<string, Omit<UnitOutcome, 'duplicate'>>> {
    const rows = await this.#again(() => this.#store.query(receiptOutcomes, { receipts }));
    const bad = rows.filter((row) => row.rejected > 0).map((row) => row.receipt);
    const lines = bad.length === 0 ? [] : await this.#again(() => this.#store.query(rejectedLines, { receipts: bad, limit: SHOWN_ERRORS }));
    return new Map(
      rows.map((row) => [
        row.receipt,
        {
          accepted: row.accepted,
          rejected: row.rejected,
          errors: lines
            .filter((line) => line.receipt === row.receipt)
            .map(({ line, field, reason }) => ({ line, field, reason })),
        },
      ]),
    );
  }

  #again<T>(action: () => Promise<T>): Promise<T> {
    return retry({ action, policy: INSERT_POLICY, clock: this.#clock, random: Math.random, signal: this.#abort.signal });
  }
}

const SHOWN_ERRORS = 20;

const INSERT_SETTINGS = {
  max_insert_threads: 1,
  // One batch is one block, whatever the months it touches.
  max_partitions_per_insert_block: 0,
  min_insert_block_size_rows: 1_000_000,
  // The parsing views read JSON strings as strings, never as times.
  input_format_try_infer_dates: 0,
  input_format_try_infer_datetimes: 0,
  // Keeps the second parse away from lines that do not need it.
  short_circuit_function_evaluation: 'enable',
} as const;

function assemble(kind: RecordKind, batch: readonly Waiting[], nowMs: number): SpooledBatch {
  return {
    token: `${nowMs.toString().padStart(15, '0')}-${randomUUID()}`,
    kind,
    units: batch.map(({ unit }) => ({ receipt: unit.receipt, rows: unit.rows })),
    body: batch.length === 1 && batch[0] !== undefined ? batch[0].unit.body : Buffer.concat(batch.map(({ unit }) => unit.body)),
  };
}
