import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { Row, Store } from '../../store/store.ts';

export interface DeadLetter {
  readonly field: string;
  readonly reason: string;
  /** What was sent, or its beginning. */
  readonly text: string;
}

export interface DeadLettersOptions {
  readonly store: Pick<Store, 'insert'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly source: string;
  /** Told how many could not be kept. */
  readonly onLost: (count: number) => void;
}

const GATHER_MS = 500;
const MAX_PENDING = 20_000;
const BATCH_ROWS = 2000;
const KEPT_CHARS = 4096;
const RETRY = { attempts: 100, baseMs: 200, capMs: 5000 };

/** Keeps what cannot become a record in the table dead_letters, gathered for half a second; memory is bounded. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #closing = new AbortController();
  readonly #name: string;
  #pending: Row[] = [];
  #sequence = 0;
  #writing: Promise<void> | undefined;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#name = `${options.source}-dead-${options.clock.now()}-${options.random().toString(36).slice(2)}`;
  }

  add({ field, reason, text }: DeadLetter): void {
    const { clock, source, onLost } = this.#options;
    if (this.#pending.length >= MAX_PENDING) {
      onLost(1);
      return;
    }
    this.#pending.push({
      received: new Date(clock.now()).toISOString(),
      kind: 'predictions',
      receipt: 0,
      line_no: 1,
      field,
      reason,
      line: text.slice(0, KEPT_CHARS),
      source,
    });
    this.#writing ??= this.#writeSoon();
  }

  /** Writes what is left; waits at most `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    const late = new AbortController();
    await Promise.race([this.#writing ?? Promise.resolve(), this.#options.clock.sleep(graceMs, late.signal)]);
    late.abort();
  }

  async #writeSoon(): Promise<void> {
    await this.#options.clock.sleep(GATHER_MS, this.#closing.signal);
    while (this.#pending.length > 0) await this.#write(this.#pending.splice(0, BATCH_ROWS));
    this.#writing = undefined;
  }

  async #write(rows: readonly Row[]): Promise<void> {
    const { store, clock, random, logger, onLost } = this.#options;
    this.#sequence += 1;
    const token = `${this.#name}-${this.#sequence}`;
    try {
      await retry({
        action: () => store.insert('dead_letters', rows, { token }),
        policy: RETRY,
        clock,
        random,
        signal: this.#closing.signal,
      });
    } catch (error) {
      onLost(rows.length);
      logger.error({ event: 'dead_letters_lost', error: describeError(error) }, 'Dead letters could not be stored.');
    }
  }
}
