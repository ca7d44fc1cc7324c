import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { BatchWriter } from '../../store/ingest/batch-writer.ts';
import type { IngestUnit } from '../../store/ingest/unit.ts';

export interface UnitOutletOptions {
  readonly writer: Pick<BatchWriter, 'submit'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Told the rows of a unit that the store refused for good, or that were left when the outlet closed. */
  readonly onLost: (rows: number) => void;
}

/** Units on their way at once: enough for the writer to make large batches of small units. */
const CONCURRENT_UNITS = 1000;
const RETRY = { attempts: 1_000_000, baseMs: 200, capMs: 5000 };

/**
 * Carries units to the batch writer for senders that nobody answers: what the store does not take now is tried again
 * until it does. Whoever adds looks at `waitingBytes` and stops in time.
 */
export class UnitOutlet {
  readonly #options: UnitOutletOptions;
  readonly #closing = new AbortController();
  #running = 0;
  #queue: IngestUnit[] = [];
  #waiters: (() => void)[] = [];
  #waitingBytes = 0;

  constructor(options: UnitOutletOptions) {
    this.#options = options;
  }

  /** Bytes of units that are not stored yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  add(unit: IngestUnit): void {
    this.#waitingBytes += unit.bytes;
    this.#queue.push(unit);
    this.#fill();
  }

  /** Resolves when something was stored or lost; at once when nothing is on its way. */
  async progress(): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** Waits at most `graceMs` for what is on its way, then gives up; the writer's spool may still hold some of it. */
  async close(graceMs: number): Promise<void> {
    const late = new AbortController();
    const isLate = this.#options.clock.sleep(graceMs, late.signal);
    await Promise.race([this.#drained(), isLate]);
    late.abort();
    this.#closing.abort();
    for (const unit of this.#queue) this.#lose(unit);
    this.#queue = [];
  }

  async #drained(): Promise<void> {
    while (this.#running > 0) await this.progress();
  }

  #fill(): void {
    while (this.#running < CONCURRENT_UNITS) {
      const unit = this.#queue.shift();
      if (unit === undefined) return;
      this.#running += 1;
      void this.#carry(unit);
    }
  }

  async #carry(unit: IngestUnit): Promise<void> {
    const { writer, clock, random, logger } = this.#options;
    try {
      await retry({
        action: () => writer.submit(unit),
        policy: RETRY,
        clock,
        random,
        signal: this.#closing.signal,
      });
      this.#waitingBytes -= unit.bytes;
    } catch (error) {
      this.#lose(unit);
      logger.error(
        { event: 'records_lost', kind: unit.kind, rows: unit.rows, error: describeError(error) },
        'Records of a collector could not be stored.',
      );
    }
    this.#running -= 1;
    this.#fill();
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #lose(unit: IngestUnit): void {
    this.#waitingBytes -= unit.bytes;
    this.#options.onLost(unit.rows);
  }
}
