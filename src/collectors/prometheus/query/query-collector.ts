import type { Logger } from 'pino';
import type { Clock } from '../../../core/clock.ts';
import { describeError } from '../../../core/errors.ts';
import type { Store } from '../../../store/store.ts';
import type { CollectorHealth } from '../../../telemetry/collector-health.ts';
import type { Telemetry } from '../../../telemetry/telemetry.ts';
import type { Collector } from '../../collector.ts';
import type { GpuTelemetry } from '../../gpu/gpu-telemetry.ts';
import type { ServingTelemetry } from '../../serving/serving-telemetry.ts';
import { SampleWriter } from '../sample-writer.ts';
import type { Fetch } from '../scrape-http.ts';
import { takeSamples } from '../take-samples.ts';
import type { QueryConfig } from './config.ts';
import { healthName, QueryReader } from './query-reader.ts';

export interface QueryCollectorOptions {
  readonly queries: readonly QueryConfig[];
  readonly gpu: GpuTelemetry;
  readonly serving?: ServingTelemetry | undefined;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly health?: CollectorHealth | undefined;
  readonly logger: Logger;
  /** The date that samples go by. */
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: Fetch;
}

/**
 * Asks Prometheus servers for the values of expressions and stores them in metric_samples, each moment once. A moment
 * that could not be asked for or stored is caught up with, as far back as `catch_up` says.
 */
export class QueryCollector implements Collector {
  readonly name = 'prometheus_query';
  readonly #options: QueryCollectorOptions;
  readonly #derived: SampleWriter;
  readonly #readers: readonly { readonly config: QueryConfig; readonly reader: QueryReader }[];
  readonly #stopping = new AbortController();
  #loops: readonly Promise<void>[] | undefined;

  constructor(options: QueryCollectorOptions) {
    this.#options = options;
    this.#derived = new SampleWriter(options);
    const { gpu, serving, clock } = options;
    this.#readers = options.queries.map((config) => ({
      config,
      reader: new QueryReader({
        ...options,
        config,
        signal: this.#stopping.signal,
        onStored: (samples) => {
          takeSamples({ samples, rows: [], tsMs: clock.now(), gpu, serving, writer: this.#derived });
          this.#derived.schedule();
        },
      }),
    }));
  }

  async start(): Promise<void> {
    if (this.#stopping.signal.aborted || this.#loops !== undefined) return;
    for (const { config } of this.#readers) {
      const silenceMs = 3 * config.interval + config.delay + config.timeout;
      this.#options.health?.expect(healthName(config), silenceMs);
    }
    this.#loops = this.#readers.map(({ config, reader }) => this.#readForever(config, reader));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops ?? []);
    await this.#derived.close();
  }

  /** Asks for every expression once, up to `nowMs`. Stores nothing twice. */
  async readOnce(nowMs: number): Promise<void> {
    for (const { reader } of this.#readers) await reader.read(nowMs);
    await this.#derived.flush();
  }

  async #readForever(config: QueryConfig, reader: QueryReader): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await reader.read(clock.now());
      } catch (error) {
        logger.error({ event: 'query_fault', query: config.name, error: describeError(error) }, 'A query failed.');
      }
      const nowMs = clock.now();
      const dueMs = (Math.floor((nowMs - config.delay) / config.interval) + 1) * config.interval + config.delay;
      await clock.sleep(Math.max(1, dueMs - nowMs), signal);
    }
  }
}
