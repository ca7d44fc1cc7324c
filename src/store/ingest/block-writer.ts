import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { type Store, StoreError } from '../store.ts';
import { IngestMetrics } from './ingest-metrics.ts';
import { insertSettings } from './insert-settings.ts';
import { type IngestUnit, type RecordKind, UNIT_COLUMNS, UnitBuilder } from './unit.ts';
import { type Receipt, readReceipts } from './unit-outcome.ts';

export interface BlockLine {
  readonly line: Uint8Array;
  /** Distance of its message from the first offset of the block. */
  readonly lineNumber: number;
  /** Its length before it was cut. */
  readonly fullBytes: number;
}

/** A message, or a part of one, that holds no record at all. */
export interface BlockProblem {
  readonly lineNumber: number;
  readonly field: string;
  readonly reason: string;
  /** The beginning of what was sent. */
  readonly text: string;
}

/** All records of a partition of a log between two offsets: the smallest piece of work that counts once. */
export interface LogBlock {
  readonly kind: RecordKind;
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
  /** Names the range for ever: the same token is never applied twice. */
  readonly token: string;
  /** When the range was declared, in milliseconds since 1970; the records' time of arrival. */
  readonly declaredMs: number;
  readonly lines: readonly BlockLine[];
  readonly problems: readonly BlockProblem[];
}

export interface BlockOutcome {
  readonly accepted: number;
  readonly rejected: number;
}

/** What became of some lines: the units they went in as, and how many the engine would not have at all. */
interface Inserted {
  readonly units: readonly IngestUnit[];
  readonly refused: number;
}

const COLLECTOR = 'kafka';
const PATIENT = { attempts: Number.MAX_SAFE_INTEGER, baseMs: 100, capMs: 5000 } as const;
/** ClickHouse remembers the last 10,000 tokens of a table; what was declared longer ago is looked up in the receipts. */
const TOKEN_TRUST_MS = 300_000;

/** ClickHouse's codes for "these bytes never": cannot parse, convert or represent. */
const DATA_CODES = new Set([
  '6',
  '27',
  '33',
  '38',
  '41',
  '43',
  '53',
  '69',
  '70',
  '72',
  '117',
  '128',
  '131',
  '349',
  '407',
]);

/**
 * Stores blocks of a log, each exactly once: whatever the outcome of an earlier try, the same bytes go in again under
 * the same token until the engine has them. A block that cannot be parsed is halved down to the guilty record; a view of
 * somebody else's that fails costs that view its rows and nobody else.
 */
export class BlockWriter {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: IngestMetrics;
  readonly #onRetry: (block: LogBlock, error: unknown) => void;

  constructor(options: {
    readonly store: Store;
    readonly clock: Clock;
    readonly random: () => number;
    readonly telemetry: Telemetry;
    readonly health: CollectorHealth | undefined;
    readonly onRetry: (block: LogBlock, error: unknown) => void;
  }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#metrics = new IngestMetrics(options);
    this.#onRetry = options.onRetry;
  }

  /**
   * Stores a block and resolves when its rows are durable and counted; waits for a database that is away as long as
   * the signal lets it.
   *
   * @throws the last fault of the database once the signal has aborted
   */
  async store(block: LogBlock, signal: AbortSignal): Promise<BlockOutcome> {
    const sinceMs = this.#clock.now();
    const unit = unitOf(block, block.lines, block.token);
    return retry({
      action: async () => {
        try {
          return await this.#once(block, unit, sinceMs);
        } catch (error) {
          if (error instanceof AppError && error.retryable) throw error;
          // A refusal that is not about the records (schema, rights) is an operator's to mend: nothing is given up.
          throw new AppError('E_KAFKA_BLOCK', `A block of ${block.topic}/${block.partition} is refused`, {
            retryable: true,
            cause: error,
          });
        }
      },
      policy: PATIENT,
      clock: this.#clock,
      random: this.#random,
      signal,
      onRetry: (error) => {
        this.#metrics.retried(block.kind);
        this.#metrics.failed(unit, error);
        this.#onRetry(block, error);
      },
    });
  }

  async #once(block: LogBlock, unit: IngestUnit, sinceMs: number): Promise<BlockOutcome> {
    await this.#bury(block, block.problems, { receipt: unit.receipt, token: `${block.token}:dead` });
    const { units, refused } = await this.#insert(block, block.lines, unit, block.token);
    const receipts = await readReceipts(
      this.#store,
      units.map(({ receipt }) => receipt),
    );
    let accepted = 0;
    const dead = block.problems.length + refused;
    let rejected = dead;
    const places: string[] = dead > 0 ? [unit.receipt] : [];
    for (const each of units) {
      const found = receipts.get(each.receipt);
      if (found === undefined)
        throw new AppError('E_KAFKA_RECEIPT', 'A block has no receipt yet.', { retryable: true });
      accepted += found.outcome.accepted;
      rejected += found.outcome.rejected;
      if (found.outcome.rejected > 0 && !places.includes(each.receipt)) places.push(each.receipt);
    }
    await this.#place(block, places);
    for (const each of units) this.#metrics.stored(each, receipts.get(each.receipt) ?? NOTHING, sinceMs);
    if (dead > 0) this.#metrics.stored({ ...unit, bytes: 0 }, buried(dead), sinceMs);
    return { accepted, rejected };
  }

  /** Inserts some lines of a block, in one unit or in halves when the engine cannot read it; refused records are buried. */
  async #insert(block: LogBlock, lines: readonly BlockLine[], unit: IngestUnit, token: string): Promise<Inserted> {
    if (lines.length === 0) return { units: [], refused: 0 };
    if (await this.#isStored(block, unit)) return { units: [unit], refused: 0 };
    try {
      await this.#send(block, unit, token, insertSettings(block.kind));
      return { units: [unit], refused: 0 };
    } catch (error) {
      if (!(error instanceof StoreError) || error.retryable || !DATA_CODES.has(error.databaseCode)) throw error;
      // Other views may have the block already. Under the same token each gets it once, but for the one that fails.
      await this.#send(block, unit, token, { ...insertSettings(block.kind), materialized_views_ignore_errors: 1 });
      if ((await readReceipts(this.#store, [unit.receipt])).has(unit.receipt)) return { units: [unit], refused: 0 };
      // Without a receipt nothing of it was parsed, so nothing of it is anywhere.
      return this.#halve(block, lines, token, error);
    }
  }

  async #send(
    block: LogBlock,
    unit: IngestUnit,
    token: string,
    settings: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const table = `ingest_${block.kind}`;
    await this.#store.insertRaw({
      table,
      columns: UNIT_COLUMNS,
      format: 'RowBinary',
      body: unit.body,
      token,
      settings,
    });
    this.#metrics.sent(block.kind, unit.rows);
  }

  async #halve(block: LogBlock, lines: readonly BlockLine[], token: string, error: StoreError): Promise<Inserted> {
    const [only] = lines;
    if (lines.length === 1 && only !== undefined) {
      const reason = `the database refuses it (code ${error.databaseCode})`;
      const text = Buffer.from(only.line.subarray(0, 16_384)).toString('utf8');
      const { receipt } = unitOf(block, [], block.token);
      const problem = { lineNumber: only.lineNumber, field: '', reason, text };
      await this.#bury(block, [problem], { receipt, token: `${token}:dead` });
      await this.#place(block, [receipt]);
      return { units: [], refused: 1 };
    }
    const middle = Math.ceil(lines.length / 2);
    const units: IngestUnit[] = [];
    let refused = 0;
    for (const [index, half] of [lines.slice(0, middle), lines.slice(middle)].entries()) {
      const halfToken = `${token}#${index}`;
      const inserted = await this.#insert(block, half, unitOf(block, half, halfToken), halfToken);
      units.push(...inserted.units);
      refused += inserted.refused;
    }
    return { units, refused };
  }

  async #isStored(block: LogBlock, unit: IngestUnit): Promise<boolean> {
    if (this.#clock.now() - block.declaredMs < TOKEN_TRUST_MS) return false;
    return (await readReceipts(this.#store, [unit.receipt])).has(unit.receipt);
  }

  async #bury(
    block: LogBlock,
    problems: readonly BlockProblem[],
    names: { readonly receipt: string; readonly token: string },
  ): Promise<void> {
    const received = new Date(block.declaredMs).toISOString();
    await this.#store.insert(
      'dead_letters',
      problems.map(({ lineNumber, field, reason, text }) => ({
        received,
        kind: block.kind,
        receipt: names.receipt,
        line_no: lineNumber,
        field,
        reason,
        line: text,
        source: COLLECTOR,
      })),
      { token: names.token },
    );
  }

  async #place(block: LogBlock, receipts: readonly string[]): Promise<void> {
    for (const receipt of receipts) {
      const row = {
        receipt,
        topic: block.topic,
        partition: block.partition,
        first_offset: block.firstOffset,
        last_offset: block.lastOffset,
        received: new Date(block.declaredMs).toISOString(),
      };
      await this.#store.insert('kafka_blocks', [row], { token: `${block.token}:place:${receipt}` });
    }
  }
}

function unitOf(block: LogBlock, lines: readonly BlockLine[], token: string): IngestUnit {
  const builder = new UnitBuilder(block.kind, block.declaredMs);
  for (const { line, lineNumber, fullBytes } of lines) builder.add(line, lineNumber, fullBytes);
  return { ...builder.finish(`${COLLECTOR}\n${token}`), collector: COLLECTOR };
}

const NO_TIMES = { late: 0, oldestMs: 0, newestMs: 0, delaySumMs: 0 } as const;
const NOTHING: Receipt = { outcome: { accepted: 0, rejected: 0, errors: [] }, times: NO_TIMES };

function buried(count: number): Receipt {
  return { outcome: { accepted: 0, rejected: count, errors: [] }, times: NO_TIMES };
}
