import type { FastifyInstance } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { judgeCanary } from './analysis/judge/judge-canary.ts';
import type { DriftSchedule } from './analysis/minute/drift-schedule.ts';
import { replaceByFile } from './analysis/minute/file-reference.ts';
import type { Reference } from './analysis/minute/reference-ranges.ts';
import { listReferences, replaceReference, type StoredReference } from './analysis/minute/reference-store.ts';
import type { RetrainJob } from './alerting/retrain/retrain-job.ts';
import { guard } from './api/auth.ts';
import { registerDeliveryRoutes } from './api/delivery-routes.ts';
import { registerEventWebhookRoutes } from './api/event-webhook-routes.ts';
import { registerIngestRoutes } from './api/ingest-routes.ts';
import { registerPagerDutyRoutes } from './api/pagerduty-routes.ts';
import { registerRetrainRoutes } from './api/retrain-routes.ts';
import { registerSilenceRoutes } from './api/silence-routes.ts';
import { registerJudgeRoutes } from './api/judge-routes.ts';
import { registerKserveRoutes } from './api/kserve-routes.ts';
import { registerOtlpRoutes } from './api/otlp-routes.ts';
import { registerReferenceFileRoute } from './api/reference-file-route.ts';
import { type ReferenceAnswer, type ReferenceBody, registerReferenceRoutes } from './api/reference-routes.ts';
import { registerPages } from './api/pages/register-pages.ts';
import type { DriftRequest } from './api/read/read-dependencies.ts';
import { registerReadRoutes } from './api/read/register-read-routes.ts';
import { registerRemoteWriteRoutes } from './api/remote-write-routes.ts';
import { createServer } from './api/server.ts';
import { registerSystemRoutes } from './api/system-routes.ts';
import type { KserveCollector } from './collectors/kserve/kserve-collector.ts';
import type { OtlpReceiver } from './collectors/otlp/otlp-receiver.ts';
import type { RemoteWriteReceiver } from './collectors/prometheus/remote-write/remote-write-receiver.ts';
import type { EventReceiver } from './collectors/events/event-receiver.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import { ConfigError } from './core/errors.ts';
import { packageVersion } from './package-info.ts';
import type { BatchWriter } from './store/ingest/batch-writer.ts';
import type { Store } from './store/store.ts';
import type { CollectorHealth } from './telemetry/collector-health.ts';
import { storedDrift } from './stored-drift.ts';

/** How long a page waits for what is added up from single predictions, before it is shown and loads itself again. */
const PAGE_PATIENCE_MS = 50;

export interface HttpOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
  readonly store: Store;
  readonly writer: BatchWriter;
  readonly schedule: DriftSchedule;
  readonly registry: Registry;
  readonly health: CollectorHealth;
  readonly remoteWrite: RemoteWriteReceiver;
  readonly kserve: KserveCollector;
  readonly otlp: OtlpReceiver;
  readonly events: EventReceiver;
  readonly retraining: RetrainJob;
  readonly isReady: () => boolean;
  /** Why no more work should be sent here, or undefined. */
  readonly overLimit: () => string | undefined;
}

export interface HttpService {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the HTTP side: ingest, references, health, metrics, reading and pages. */
export async function listenHttp(options: HttpOptions): Promise<HttpService> {
  const { config, wallClock, clock, store, writer, registry, logger, schedule } = options;
  const app = await createServer({ logger, version: packageVersion });
  const guards = guard(config.server.tokens);
  await registerIngestRoutes(app, {
    store,
    writer,
    wallClock,
    guard: guards,
    maxBodyBytes: config.server.max_body_bytes,
  });
  await registerReceiverRoutes(app, options, guards);
  await registerEventWebhookRoutes(app, {
    receiver: options.events,
    config: config.collectors.events,
    wallClock,
    guard: guards,
    hasTokens: config.server.tokens.length > 0,
  });
  await registerSystemRoutes(app, {
    store,
    registry,
    health: options.health,
    guard: guards,
    isReady: options.isReady,
    overLimit: options.overLimit,
  });
  await registerReferenceRoutes(app, {
    guard: guards,
    listReferences: async (model) => (await listReferences(store, model)).map(toAnswer),
    setReference: async (model, spec) =>
      toAnswer(await replaceReference({ store, schedule, model, reference: fromBody(spec), nowMs: clock.now() })),
  });
  await registerReferenceFileRoute(app, {
    guard: guards,
    maxBodyBytes: config.server.max_body_bytes,
    setReference: async (file) => {
      const made = await replaceByFile({ ...file, store, schedule, id: randomUUID(), nowMs: clock.now() });
      return { ...toAnswer(made.stored), rejected: made.rejected };
    },
  });
  const reading = {
    store,
    clock,
    wallClock,
    models: config.models,
    guard: guards,
    driftForRange: (request: DriftRequest) => storedDrift(store, schedule, request),
  };
  await registerReadRoutes(app, reading);
  await registerJudgeRoutes(app, {
    clock,
    guard: guards,
    judge: async (asked) => {
      await schedule.load();
      const { slo, task } = config.models.find(({ name }) => name === asked.model) ?? {};
      const { floors } = schedule.planOf(asked.model);
      const latencyLimitSeconds = slo?.latency_p99_seconds ?? slo?.latency_p95_seconds;
      return judgeCanary({ ...asked, store, task, floors, latencyLimitSeconds });
    },
  });
  await registerRetrainRoutes(app, { store, clock, guard: guards, retraining: options.retraining });
  await registerSilenceRoutes(app, { store, clock, guard: guards, routing: config.notify });
  await registerDeliveryRoutes(app, { store, clock: wallClock, guard: guards });
  const secrets = config.notify.pagerduty.flatMap(({ webhook_secrets }) => webhook_secrets);
  await registerPagerDutyRoutes(app, { store, clock: wallClock, guard: guards, secrets });
  await registerPages(app, { ...reading, patienceMs: PAGE_PATIENCE_MS });
  try {
    await app.listen({ host: config.server.host, port: config.server.port });
  } catch (error) {
    throw new ConfigError(`server.port ${config.server.port} on ${config.server.host} cannot be listened on`, {
      cause: error,
    });
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.server.port;
  const host = config.server.host.includes(':') ? `[${config.server.host}]` : config.server.host;
  return { url: `http://${host}:${port}`, close: () => app.close() };
}

/** Registers what other systems send to: payload loggers, OpenTelemetry, Prometheus remote write. */
async function registerReceiverRoutes(
  app: FastifyInstance,
  options: HttpOptions,
  guards: ReturnType<typeof guard>,
): Promise<void> {
  const { remote_write: remoteWrite, kserve, otlp } = options.config.collectors;
  if (kserve.enabled) {
    await registerKserveRoutes(app, { collector: options.kserve, config: kserve, guard: guards });
  }
  if (otlp.enabled) {
    await registerOtlpRoutes(app, { receiver: options.otlp, guard: guards, maxBodyBytes: otlp.max_body_bytes });
  }
  if (remoteWrite.enabled) {
    await registerRemoteWriteRoutes(app, {
      receiver: options.remoteWrite,
      guard: guards,
      maxCompressedBytes: remoteWrite.max_compressed_bytes,
    });
  }
}

/** Returns the reference that a request means. */
export function fromBody(body: ReferenceBody): Reference {
  switch (body.kind) {
    case 'fixed':
      return { kind: 'fixed', fromMs: Date.parse(body.from), toMs: Date.parse(body.to) };
    case 'trailing':
      return { kind: 'trailing', windowMs: body.window_seconds * 1000 };
    case 'previous':
      return { kind: 'previous' };
    case 'same-hour-last-week':
      return { kind: 'same-hour-last-week', weeks: body.weeks };
    case 'version':
      return { kind: 'version', version: body.version };
  }
}

/** Returns a stored reference as the API shows it. */
export function toAnswer(stored: StoredReference): ReferenceAnswer {
  const hasTimes = stored.toMs > 0;
  return {
    model: stored.model,
    reference_version: stored.referenceVersion,
    kind: stored.kind,
    spec: JSON.parse(stored.spec),
    from: hasTimes ? new Date(stored.fromMs).toISOString() : null,
    to: hasTimes ? new Date(stored.toMs).toISOString() : null,
    rows: stored.rows,
    created: new Date(stored.createdMs).toISOString(),
  };
}
