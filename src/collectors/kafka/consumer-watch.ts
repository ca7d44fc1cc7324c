import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { LogConsumer } from './log-consumer.ts';

/** Why a consumer is looked after no longer. Only a crash and silence are faults. */
export type WatchEnd =
  | { readonly reason: 'stopped' | 'topics' }
  | { readonly reason: 'crash' | 'silence'; readonly error: unknown };

export interface ConsumerWatchOptions {
  readonly consumer: LogConsumer;
  /** A consumer that fetches nothing and holds nothing for so many milliseconds is stuck. */
  readonly silenceMs: number;
  /** Asks the brokers for news; true when the consumer should be made anew for other topics. */
  readonly look: () => Promise<boolean>;
  readonly onLook: (fault: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const CHECK_MS = 5000;

/**
 * Looks after a consumer until it ends, falls silent, has to read other topics or `signal` aborts. Brokers that do not
 * answer hold nothing up: they are asked on the side, one question at a time.
 */
export async function watchConsumer(options: ConsumerWatchOptions): Promise<WatchEnd> {
  const { consumer, silenceMs, clock, signal } = options;
  let end: WatchEnd | undefined;
  const woken = new AbortController();
  const finish = (found: WatchEnd): void => {
    end ??= found;
    woken.abort();
  };
  const onStop = (): void => finish({ reason: 'stopped' });
  signal.addEventListener('abort', onStop, { once: true });
  if (signal.aborted) onStop();
  void consumer.ended.then((reason) =>
    finish({ reason: 'crash', error: reason ?? new AppError('E_KAFKA_ENDED', 'The consumer ended.') }),
  );
  const asker = new Asker(options, () => finish({ reason: 'topics' }));
  for (;;) {
    await clock.sleep(Math.min(CHECK_MS, silenceMs / 4), woken.signal);
    if (end !== undefined) break;
    if (clock.now() - consumer.lastActiveMs() > silenceMs) {
      const error = new AppError('E_KAFKA_SILENT', `Nothing was fetched for ${silenceMs / 1000} seconds.`);
      finish({ reason: 'silence', error });
    } else asker.ask();
  }
  signal.removeEventListener('abort', onStop);
  asker.end();
  return end;
}

class Asker {
  readonly #options: Pick<ConsumerWatchOptions, 'look' | 'onLook'>;
  readonly #onTopics: () => void;
  #isAsking = false;
  #isOver = false;

  constructor(options: Pick<ConsumerWatchOptions, 'look' | 'onLook'>, onTopics: () => void) {
    this.#options = options;
    this.#onTopics = onTopics;
  }

  ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#look().finally(() => {
      this.#isAsking = false;
    });
  }

  end(): void {
    this.#isOver = true;
  }

  async #look(): Promise<void> {
    const { look, onLook } = this.#options;
    try {
      const isOther = await look();
      if (this.#isOver) return;
      onLook(undefined);
      if (isOther) this.#onTopics();
    } catch (error) {
      if (!this.#isOver) onLook(error);
    }
  }
}
