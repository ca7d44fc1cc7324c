import type { Logger } from 'pino';
import { BusinessCollector } from './collectors/business/business-collector.ts';
import type { Collector } from './collectors/collector.ts';
import { GpuTelemetry } from './collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from './collectors/gpu/model-match.ts';
import type { KafkaCollector, KafkaCollectorOptions } from './collectors/kafka/kafka-collector.ts';
import { KserveCollector } from './collectors/kserve/kserve-collector.ts';
import { OtlpReceiver } from './collectors/otlp/otlp-receiver.ts';
import {
  createRemoteWriteReceiver,
  type RemoteWriteReceiver,
} from './collectors/prometheus/remote-write/remote-write-receiver.ts';
import { QueryCollector } from './collectors/prometheus/query/query-collector.ts';
import { createScrapeCollector, type ScrapeCollector } from './collectors/prometheus/scrape-collector.ts';
import { EventReceiver } from './collectors/events/event-receiver.ts';
import { OpencostCollector } from './collectors/serving/opencost-collector.ts';
import { servingAdapters } from './collectors/serving/registry.ts';
import { createServingMatch } from './collectors/serving/serving-match.ts';
import { ServingTelemetry } from './collectors/serving/serving-telemetry.ts';
import { RegistryCollector } from './collectors/registry/registry-collector.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import { registeredModels } from './settings.ts';
import type { BatchWriter } from './store/ingest/batch-writer.ts';
import type { Store } from './store/store.ts';
import type { CollectorHealth } from './telemetry/collector-health.ts';
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
  readonly health: CollectorHealth;
}

export interface Collectors {
  readonly scraper: ScrapeCollector;
  readonly remoteWrite: RemoteWriteReceiver;
  readonly kserve: KserveCollector;
  readonly otlp: OtlpReceiver;
  readonly events: EventReceiver;
  readonly kafka: KafkaCollector | undefined;
  /** All of them, in the order in which they start; they stop in the opposite order. */
  readonly all: readonly Collector[];
}

/** Makes the collectors that the configuration asks for. */
export async function createCollectors(options: CollectorOptions): Promise<Collectors> {
  const { config, store, telemetry, logger, clock, random } = options;
  const gpu = new GpuTelemetry(
    createModelMatch(config.models.map(({ name, gpu }) => ({ model: name, gpu }))),
    telemetry,
  );
  const serving = new ServingTelemetry({
    adapters: servingAdapters,
    modelOf: createServingMatch(config.models),
    telemetry,
  });
  const remoteWrite = createRemoteWriteReceiver({ ...options, config: config.collectors.remote_write, gpu, serving });
  const scraper = createScrapeCollector({
    config: config.collectors.prometheus,
    gpu,
    serving,
    store,
    telemetry,
    health: options.health,
    logger,
    clock,
    random,
    fetch,
  });
  const queries = new QueryCollector({ ...options, queries: config.collectors.prometheus.query, gpu, serving, fetch });
  const business = new BusinessCollector({ ...options, entries: config.business, fetch });
  const kserve = new KserveCollector({ ...options, config: config.collectors.kserve });
  const otlp = new OtlpReceiver({
    ...options,
    gpu,
    serving,
    config: config.collectors.otlp,
    answerMs: config.server.answer_timeout,
  });
  const { kafka: kafkaConfig } = config.collectors;
  const kafka = kafkaConfig && (await createKafka({ ...options, config: kafkaConfig, clock: options.wallClock }));
  const registry = new RegistryCollector({ ...options, models: registeredModels(config), fetch });
  const { opencost: opencostConfig } = config.collectors;
  const opencost =
    opencostConfig &&
    new OpencostCollector({ ...options, config: opencostConfig, modelOf: createServingMatch(config.models), fetch });
  const all = [
    kserve,
    remoteWrite,
    otlp,
    options.health,
    scraper,
    queries,
    business,
    registry,
    ...(kafka === undefined ? [] : [kafka]),
    ...(opencost === undefined ? [] : [opencost]),
  ];
  const events = new EventReceiver({ ...options, config: config.collectors.events, models: config.models });
  return { events, scraper, remoteWrite, kserve, otlp, kafka, all };
}

/** Reads the Kafka client only where it is wanted: it would be a third of what else a start reads. */
async function createKafka(options: KafkaCollectorOptions): Promise<KafkaCollector> {
  const module = await import('./collectors/kafka/kafka-collector.ts');
  return new module.KafkaCollector(options);
}
