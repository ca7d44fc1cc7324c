import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { checkReceivers } from './alerting/check-receivers.ts';
import { checkThresholds } from './alerting/check-thresholds.ts';
import { loadRules } from './alerting/load-rules.ts';
import { readRuleFiles } from './alerting/read-rule-files.ts';
import type { Rule } from './alerting/rule.ts';
import { DriftSchedule } from './analysis/minute/drift-schedule.ts';
import { MinuteLoop } from './analysis/minute/minute-loop.ts';
import { PerformanceSignals } from './analysis/minute/performance-signals.ts';
import { writeRegistryAges } from './analysis/minute/model-age.ts';
import { publishSignals } from './analysis/minute/publish-signals.ts';
import { createAlerting } from './app-alerting.ts';
import { createCollectors } from './app-collectors.ts';
import type { ScrapeCollector } from './collectors/prometheus/scrape-collector.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import type { OutboxWorker } from './notify/outbox-worker.ts';
import { packageRoot, packageVersion } from './package-info.ts';
import { listenHttp } from './app-http.ts';
import { constantSignals, driftSettings, registeredModels, storeSettings } from './settings.ts';
import { BatchWriter } from './store/ingest/batch-writer.ts';
import { Spool } from './store/ingest/spool.ts';
import { type OpenStore, openStore } from './store/open-store.ts';
import { applyRetention } from './store/retention.ts';
import type { Store } from './store/store.ts';
import { CollectorHealth } from './telemetry/collector-health.ts';
import { SignalGauges } from './telemetry/signal-gauges.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import { startTracing, type Tracing } from './telemetry/tracing.ts';

export type Role = 'all' | 'collect' | 'evaluate' | 'api';

export interface ServiceOptions {
  readonly config: Config;
  readonly role: Role;
  /** The date that evaluation, alerts and pages go by. */
  readonly clock: Clock;
  /** The machine's clock: arrival of records, retries, deliveries. */
  readonly wallClock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** False leaves the minute loop and the scrapes to the caller. */
  readonly background: boolean;
}

export interface Service {
  readonly url: string;
  readonly store: Store;
  readonly enginePid: number | undefined;
  readonly loop: MinuteLoop;
  readonly schedule: DriftSchedule;
  readonly scraper: ScrapeCollector;
  readonly worker: OutboxWorker;
  readonly writer: BatchWriter;
  /** Drains and ends everything in order; safe to call twice. */
  stop(): Promise<void>;
}

const DRAIN_MS = 15_000;
/** How long labels may take of models that the configuration does not name. */
const DEFAULT_HORIZON_MS = 7 * 86_400_000;

/** Wires the service together and starts it. The only place where the parts meet. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { config, wallClock, logger } = options;
  const ruleSet = loadRules(await readRuleFiles(config.rules ?? [`${packageRoot}/alerts`]));
  const { rules } = ruleSet;
  checkThresholds(rules, config.models);
  checkReceivers(ruleSet, config.notify.webhooks);
  const tracing = await startTracing(config.telemetry.otlp_endpoint, packageVersion);
  const registry = new Registry();
  const telemetry = new Telemetry(registry);
  const opened = await openStore({
    settings: storeSettings(config),
    attach: false,
    clock: wallClock,
    logger,
    telemetry,
  });
  try {
    return await assemble({ ...options, rules, opened, tracing, registry, telemetry });
  } catch (error) {
    // A start that fails half-way leaves no engine behind.
    await opened.close();
    await tracing.stop();
    throw error;
  }
}

async function assemble(
  options: ServiceOptions & {
    readonly rules: readonly Rule[];
    readonly opened: OpenStore;
    readonly tracing: Tracing;
    readonly registry: Registry;
    readonly telemetry: Telemetry;
  },
): Promise<Service> {
  const { config, clock, wallClock, logger, random, rules, opened, tracing, registry, telemetry } = options;
  const { store, engine } = opened;
  const { database, cluster } = config.clickhouse;
  await applyRetention({ store, target: { database, cluster }, retention: config.retention, logger });
  const spool = new Spool(`${config.clickhouse.path}/spool`);
  const limits = { answerMs: config.server.answer_timeout };
  const health = new CollectorHealth({ telemetry, logger, clock: wallClock });
  const writer = new BatchWriter({ store, spool, clock: wallClock, logger, telemetry, limits, health });
  await writer.recover();

  const schedule = new DriftSchedule({
    store,
    maker: { store, wallClock, drainIngest: () => writer.drain() },
    settingsOf: (model) => driftSettings(config, model),
    clock,
    logger,
  });
  const evaluates = options.role === 'all' || options.role === 'evaluate';
  const alerting = await createAlerting({ ...options, store, telemetry, rules, evaluates });
  const gauges = new SignalGauges(registry);
  const registered = registeredModels(config).map(({ model, registry: { interval } }) => ({
    model,
    freshMs: Math.max(3 * interval, 300_000),
  }));
  const loop = new MinuteLoop({
    store,
    clock,
    wallClock,
    drift: schedule,
    constants: () => constantSignals(config),
    importances: new Map(config.models.map(({ name }) => [name, driftSettings(config, name).importance])),
    evaluateAlerts: async (range) => {
      await writeRegistryAges({ store, models: registered, range, nowMs: clock.now() });
      await publishSignals({
        store,
        gauges,
        atMs: range.toMs,
        maxFeaturesPerModel: config.metrics.max_features_per_model,
      });
      await alerting.evaluate(range);
    },
    performance: new PerformanceSignals({
      store,
      taskOf: (model) => config.models.find((entry) => entry.name === model)?.task,
      horizonOf: (model) => config.models.find((entry) => entry.name === model)?.labels.horizon ?? DEFAULT_HORIZON_MS,
    }),
    mayRun: () => alerting.mayRun(),
    intervalMs: config.evaluation.interval,
    delayMs: config.evaluation.delay,
    lateMs: config.retention.late,
    logger,
    telemetry,
  });
  const collectors = await createCollectors({
    config,
    store,
    writer,
    health,
    telemetry,
    logger,
    clock,
    wallClock,
    random,
  });
  let ready = true;
  const { remoteWrite, kserve, otlp, events } = collectors;
  const http = await listenHttp({
    ...options,
    store,
    writer,
    schedule,
    registry,
    health,
    remoteWrite,
    kserve,
    otlp,
    events,
    retraining: alerting.retraining,
    isReady: () => ready,
    overLimit: () => collectors.kafka?.overLimit(),
  });
  const collects = options.role === 'all' || options.role === 'collect';
  if (options.background && collects) for (const collector of collectors.all) await collector.start();
  await alerting.start();
  if (options.background && evaluates) loop.start();
  logger.info(
    { event: 'service_started', url: http.url, role: options.role, rules: rules.length },
    'Plumbline serves.',
  );

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    ready = false;
    await http.close();
    for (const collector of collectors.all.toReversed()) await collector.stop();
    await loop.stop();
    await writer.stop(DRAIN_MS);
    await alerting.stop();
    await opened.close();
    await tracing.stop();
    logger.info({ event: 'service_stopped' }, 'Plumbline has stopped.');
  };
  return {
    url: http.url,
    store,
    enginePid: engine?.pid,
    loop,
    schedule,
    scraper: collectors.scraper,
    worker: alerting.worker,
    writer,
    stop: () => (stopped ??= stop()),
  };
}
