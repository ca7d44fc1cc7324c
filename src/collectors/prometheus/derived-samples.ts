import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { GpuTelemetry } from '../gpu/gpu-telemetry.ts';
import type { ServingTelemetry } from '../serving/serving-telemetry.ts';
import type { TimedSample } from './metric-row.ts';
import { MomentGatherer } from './remote-write/moment-gatherer.ts';
import { SampleWriter } from './sample-writer.ts';
import { takeSamples } from './take-samples.ts';

export interface DerivedSamplesOptions {
  readonly gpu: GpuTelemetry;
  readonly serving?: ServingTelemetry | undefined;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  /** The date that samples go by. */
  readonly clock: Clock;
  /** The machine's clock. */
  readonly wallClock: Clock;
  readonly random: () => number;
}

const GATHER_MS = 1000;

/**
 * Derives the rows of GPUs and of serving runtimes from samples that senders push and that are stored already. It waits
 * until the samples of a moment are together.
 */
export class DerivedSamples {
  readonly #options: DerivedSamplesOptions;
  readonly #moments = new MomentGatherer();
  readonly #writer: SampleWriter;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: DerivedSamplesOptions) {
    this.#options = options;
    this.#writer = new SampleWriter({ ...options, clock: options.wallClock });
  }

  /** Takes samples over; what follows from them is written in the background. */
  add(samples: readonly TimedSample[]): void {
    this.#moments.add(samples, this.#options.wallClock.now());
    if (!this.#stopping.signal.aborted) this.#running ??= this.#run();
  }

  /** Writes what is held, complete or not, and ends. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#derive(this.#moments.takeAll());
    await this.#writer.close();
  }

  async #run(): Promise<void> {
    const { wallClock, logger } = this.#options;
    while (this.#moments.held > 0) {
      await wallClock.sleep(GATHER_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      try {
        this.#derive(this.#moments.takeComplete(wallClock.now()));
      } catch (error) {
        logger.error(
          { event: 'derive_failed', error: describeError(error) },
          'Nothing could be derived from samples that were sent.',
        );
      }
    }
    this.#running = undefined;
  }

  #derive(samples: readonly TimedSample[]): void {
    if (samples.length === 0) return;
    const { gpu, serving, clock } = this.#options;
    takeSamples({ samples, rows: [], tsMs: clock.now(), gpu, serving, writer: this.#writer });
    this.#writer.schedule();
  }
}
