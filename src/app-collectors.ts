import type { Logger } from 'pino';
import type { Collector } from './collectors/collector.ts';
import { GpuTelemetry } from './collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from './collectors/gpu/model-match.ts';
import { createScrapeCollector, type ScrapeCollector } from './collectors/prometheus/scrape-collector.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import type { BatchWriter } from './store/ingest/batch-writer.ts';
import type { Store } from './store/store.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface CollectorOptions {
  readonly config: Config;
  /** The date that samples go by. */
  readonly clock: Clock;
  /** The machine's clock. */
  readonly wallClock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly store: Store;
  readonly writer: BatchWriter;
  readonly telemetry: Telemetry;
}

export interface Collectors {
  readonly scraper: ScrapeCollector;
  /** All of them, in the order in which they start; they stop in the opposite order. */
  readonly all: readonly Collector[];
}

/** Makes the collectors that the configuration asks for. */
export function createCollectors(options: CollectorOptions): Collectors {
  const { config, store, telemetry, logger, clock, random } = options;
  const scraper = createScrapeCollector({
    config: config.collectors.prometheus,
    gpu: new GpuTelemetry(createModelMatch(config.models.map(({ name, gpu }) => ({ model: name, gpu })))),
    store,
    telemetry,
    logger,
    clock,
    random,
    fetch,
  });
  return { scraper, all: [scraper] };
}
