import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import { servingVersion } from '../../store/queries/model-age.ts';
import type { Store } from '../../store/store.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Collector } from '../collector.ts';
import type { RegisteredModel } from './config.ts';
import { type Fetch, MlflowClient, type ModelVersion, RegistryFault } from './mlflow-client.ts';

export interface RegistryCollectorOptions {
  readonly models: readonly RegisteredModel[];
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly health: CollectorHealth;
  readonly logger: Logger;
  /** The date that ages go by. */
  readonly clock: Clock;
  readonly fetch: Fetch;
}

const HOUR_MS = 3_600_000;
const POLL_MS = 5000;
const AT_ONCE = 4;

/** Asks model registries when the versions that serve were trained. A registry that does not answer changes nothing. */
export class RegistryCollector implements Collector {
  readonly name = 'registry';
  readonly #options: RegistryCollectorOptions;
  readonly #dueMs = new Map<RegisteredModel, number>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: RegistryCollectorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { models, health } = this.#options;
    if (this.#running !== undefined || models.length === 0 || this.#stopping.signal.aborted) return;
    for (const { model, registry } of models)
      health.expect(healthName(model), 3 * registry.interval + registry.timeout + POLL_MS);
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Asks for every model whose turn it is. */
  async runOnce(): Promise<void> {
    const { models, clock } = this.#options;
    const waiting = models.filter((entry) => (this.#dueMs.get(entry) ?? 0) <= clock.now());
    const work = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) await this.#ask(entry);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #loop(): Promise<void> {
    for (;;) {
      await this.runOnce();
      await this.#options.clock.sleep(POLL_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  async #ask(entry: RegisteredModel): Promise<void> {
    const { telemetry, health, logger, clock } = this.#options;
    const { model, registry } = entry;
    this.#dueMs.set(entry, clock.now() + registry.interval);
    const count = (result: 'ok' | 'failed'): void => {
      telemetry
        .counter('plumbline_registry_requests_total', 'Times that a registry was asked for the age of a model.', [
          'model',
          'result',
        ])
        .inc({ model, result });
    };
    try {
      await telemetry.observe('collectors', 'registry', () => this.#learn(entry));
      count('ok');
      health.succeeded(healthName(model));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const detail = describeError(error);
      count('failed');
      health.failed(healthName(model), detail);
      logger.debug({ event: 'registry_failed', model, detail }, 'The age of a model could not be learned.');
    }
  }

  async #learn({ model, registry }: RegisteredModel): Promise<void> {
    const { store, clock, fetch } = this.#options;
    const client = new MlflowClient({ config: registry, fetch, signal: this.#stopping.signal });
    const found = await this.#findVersion(client, { model, registry });
    const end = found.runId === undefined ? undefined : await client.endOfRun(found.runId);
    const now = new Date(clock.now()).toISOString();
    await store.insert('model_trainings', [
      {
        model,
        version: found.version,
        trained_at: new Date(end ?? found.createdMs).toISOString(),
        first_checked: now,
        last_checked: now,
      },
    ]);
  }

  /** The version that predictions carry, when the registry knows it; else the one that the alias names. */
  async #findVersion(client: MlflowClient, { model, registry }: RegisteredModel): Promise<ModelVersion> {
    const { store, clock } = this.#options;
    const name = registry.name ?? model;
    const since = new Date(clock.now() - HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');
    const serving = (await store.query(servingVersion, { model, since }))[0]?.version;
    const served = serving === undefined ? undefined : await client.version(name, serving);
    const found = served ?? (registry.alias === undefined ? undefined : await client.alias(name, registry.alias));
    if (found !== undefined) return found;
    const tried = [
      serving === undefined ? 'no version has served within the hour' : `it has no version ${serving}`,
      registry.alias === undefined ? 'no alias is configured' : `it has no alias ${registry.alias}`,
    ];
    throw new RegistryFault(`MLflow does not know which version of ${name} serves: ${tried.join(' and ')}.`);
  }
}

function healthName(model: string): string {
  return `registry:${model}`;
}
