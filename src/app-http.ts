import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { DriftSchedule } from './analysis/minute/drift-schedule.ts';
import type { Reference } from './analysis/minute/reference-ranges.ts';
import { listReferences, replaceReference, type StoredReference } from './analysis/minute/reference-store.ts';
import { guard } from './api/auth.ts';
import { registerIngestRoutes } from './api/ingest-routes.ts';
import { type ReferenceAnswer, type ReferenceBody, registerReferenceRoutes } from './api/reference-routes.ts';
import { registerPages } from './api/pages/register-pages.ts';
import type { DriftRequest } from './api/read/read-dependencies.ts';
import { registerReadRoutes } from './api/read/register-read-routes.ts';
import { createServer } from './api/server.ts';
import { registerSystemRoutes } from './api/system-routes.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import { ConfigError } from './core/errors.ts';
import { packageVersion } from './package-info.ts';
import type { BatchWriter } from './store/ingest/batch-writer.ts';
import type { Store } from './store/store.ts';
import { storedDrift } from './stored-drift.ts';

export interface HttpOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly logger: Logger;
  readonly store: Store;
  readonly writer: BatchWriter;
  readonly schedule: DriftSchedule;
  readonly registry: Registry;
  readonly isReady: () => boolean;
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
  await registerSystemRoutes(app, { store, registry, guard: guards, isReady: options.isReady });
  await registerReferenceRoutes(app, {
    guard: guards,
    listReferences: async (model) => (await listReferences(store, model)).map(toAnswer),
    setReference: async (model, spec) =>
      toAnswer(await replaceReference({ store, schedule, model, reference: fromBody(spec), nowMs: clock.now() })),
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
  await registerPages(app, reading);
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
  const isFixed = stored.kind === 'fixed';
  return {
    model: stored.model,
    reference_version: stored.referenceVersion,
    kind: stored.kind,
    spec: JSON.parse(stored.spec),
    from: isFixed ? new Date(stored.fromMs).toISOString() : null,
    to: isFixed ? new Date(stored.toMs).toISOString() : null,
    rows: stored.rows,
    created: new Date(stored.createdMs).toISOString(),
  };
}
