import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../src/core/clock.ts';
import { EmbeddedEngine } from '../../src/store/engine/embedded-engine.ts';
import { migrate } from '../../src/store/migrate.ts';
import { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';

export interface TestStore {
  readonly store: Store;
  readonly engine: EmbeddedEngine;
  readonly path: string;
  readonly telemetry: Telemetry;
  stop(): Promise<void>;
}

/** Starts a real engine on a fresh temporary folder with the migrated database `plumbline`. */
export async function startTestStore(options: { readonly migrated?: boolean } = {}): Promise<TestStore> {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-test-'));
  const logger = pino({ level: 'silent' });
  const engine = await EmbeddedEngine.start({
    path,
    database: 'plumbline',
    limits: { memoryBytes: 3_000_000_000, threads: 2 },
    port: 0,
    logger,
    clock: systemClock,
  });
  const telemetry = new Telemetry(new Registry());
  const admin = new Store({ endpoint: () => engine.endpoint, database: 'default', logger, telemetry });
  await admin.command({ name: 'create_database', sql: 'CREATE DATABASE IF NOT EXISTS plumbline' });
  await admin.close();
  const store = new Store({ endpoint: () => engine.endpoint, database: 'plumbline', logger, telemetry });
  if (options.migrated !== false) {
    const { username, password } = engine.endpoint;
    await migrate(store, { database: 'plumbline', cluster: undefined, username, password });
  }
  return {
    store,
    engine,
    path,
    telemetry,
    stop: async () => {
      await store.close();
      await engine.stop();
      rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
