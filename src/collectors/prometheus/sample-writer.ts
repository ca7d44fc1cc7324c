import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { Row, Store } from '../../store/store.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';

export interface SampleWriterOptions {
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  /** Is told whether the scraped samples are stored; absent where another collector writes. */
  readonly scrapeHealth?: CollectorHealth | undefined;
}

export type SampleTable = 'metric_samples' | 'gpu_samples' | 'serving_samples';

const GATHER_MS = 1000;
/** Rows kept while the store is away; newer ones are dropped and counted. */
const MAX_PENDING_ROWS = 300_000;
const MAX_BATCH_ROWS = 100_000;
const RETRY = { attempts: 8, baseMs: 500, capMs: 20_000 };

/**
 * Gathers the rows of many scrapes for a second and writes them in one insert a table. A batch that the store refuses
 * for now is sent again under the same token, so it is stored once; memory stays bounded meanwhile.
 */
export class SampleWriter {
  readonly #options: SampleWriterOptions;
  readonly #name: string;
  readonly #closing = new AbortController();
  readonly #pending: Record<SampleTable, Row[]> = { metric_samples: [], gpu_samples: [], serving_samples: [] };
  #sequence = 0;
  #writing: Promise<void> = Promise.resolve();
  #scheduled: Promise<void> | undefined;

  constructor(options: SampleWriterOptions) {
    this.#options = options;
    this.#name = `scrape-${options.clock.now()}-${options.random().toString(36).slice(2)}`;
  }

  /** Takes rows for the next insert. */
  add(table: SampleTable, rows: readonly Row[]): void {
    const pending = this.#pending[table];
    const room = Math.max(0, MAX_PENDING_ROWS - pending.length);
    for (const row of rows.slice(0, room)) pending.push(row);
    if (rows.length > room) this.#countLost(table, rows.length - room);
  }

  /** Writes within a second what was taken, without waiting for it; a failure is logged and counted. */
  schedule(): void {
    this.#scheduled ??= this.#flushLater();
  }

  /**
   * Writes everything taken so far.
   *
   * @throws StoreError when a batch could not be stored in spite of repetition; its rows are lost and counted
   */
  async flush(): Promise<void> {
    const turn = this.#writing.then(() => this.#writePending());
    // The next turn must come whatever becomes of this one; its caller gets the fault.
    this.#writing = turn.catch(() => undefined);
    await turn;
  }

  /** Writes what is left, each batch tried once more, and ends all waiting. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#scheduled;
    await this.#flushOrLog();
  }

  async #flushLater(): Promise<void> {
    await this.#options.clock.sleep(GATHER_MS, this.#closing.signal);
    this.#scheduled = undefined;
    await this.#flushOrLog();
  }

  async #flushOrLog(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#options.logger.error({ error: describeError(error) }, 'Scraped samples were lost: the store refused them.');
    }
  }

  async #writePending(): Promise<void> {
    for (const table of ['metric_samples', 'gpu_samples', 'serving_samples'] as const) {
      while (this.#pending[table].length > 0) {
        await this.#write(table, this.#pending[table].splice(0, MAX_BATCH_ROWS));
      }
    }
  }

  async #write(table: SampleTable, rows: readonly Row[]): Promise<void> {
    const { store, clock, random, logger } = this.#options;
    this.#sequence += 1;
    const token = `${this.#name}-${this.#sequence}`;
    try {
      await retry({
        action: () => store.insert(table, rows, { token }),
        policy: RETRY,
        clock,
        random,
        signal: this.#closing.signal,
        onRetry: (error, attempt, waitMs) =>
          logger.warn({ table, attempt, waitMs, error: describeError(error) }, 'Store did not take scraped samples.'),
      });
      this.#options.scrapeHealth?.succeeded('prometheus');
    } catch (error) {
      this.#options.scrapeHealth?.failed('prometheus', describeError(error));
      this.#countLost(table, rows.length);
      throw error;
    }
  }

  #countLost(table: SampleTable, rows: number): void {
    this.#options.telemetry
      .counter('plumbline_scrape_lost_rows_total', 'Rows of scrapes that were not stored.', ['table'])
      .inc({ table }, rows);
  }
}
