import { mkdirSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { DirectoryLockedError, lockDirectory } from './engine/directory-lock.ts';
import { attachToEngine, EmbeddedEngine, type EngineEndpoint } from './engine/embedded-engine.ts';
import { migrate } from './migrate.ts';
import { Store } from './store.ts';

export interface StoreSettings {
  /** "embedded" or the URL of a server. */
  readonly url: string;
  readonly path: string;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly cluster?: string | undefined;
  readonly port: number;
  readonly memoryBytes: number;
  readonly threads: number;
}

export interface OpenStore {
  readonly store: Store;
  /** The engine this process hosts; undefined with a server or beside another process. */
  readonly engine: EmbeddedEngine | undefined;
  close(): Promise<void>;
}

/**
 * Opens the database and brings its schema up to date. With `embedded` the engine is started here, or, when `attach`
 * allows it and another live process hosts it, shared.
 *
 * @throws DirectoryLockedError, E_ENGINE_START, E_MIGRATION, E_STORE
 */
export async function openStore(options: {
  readonly settings: StoreSettings;
  readonly attach: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}): Promise<OpenStore> {
  const { settings, logger, telemetry } = options;
  const { engine, endpoint, leave } = await locate(options);
  const { database } = settings;
  try {
    const admin = new Store({ endpoint, database: 'default', logger, telemetry });
    const onCluster = settings.cluster === undefined ? '' : ` ON CLUSTER '${settings.cluster}'`;
    await admin.command({ name: 'create_database', sql: `CREATE DATABASE IF NOT EXISTS ${database}${onCluster}` });
    await admin.close();
    const store = new Store({ endpoint, database, logger, telemetry });
    const { username, password } = endpoint();
    // The owner has migrated already; doing it again from outside could only race with it.
    if (settings.url !== 'embedded' || engine !== undefined)
      await migrate(store, { database, cluster: settings.cluster, username, password });
    return {
      store,
      engine,
      close: async () => {
        await store.close();
        await leave();
      },
    };
  } catch (error) {
    await leave();
    throw error;
  }
}

interface Place {
  readonly engine: EmbeddedEngine | undefined;
  readonly endpoint: () => EngineEndpoint;
  /** Gives back what was taken: the engine and the folder. */
  readonly leave: () => Promise<void>;
}

async function locate(options: {
  readonly settings: StoreSettings;
  readonly attach: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<Place> {
  const { settings, attach, clock, logger } = options;
  const leaveNothing = async (): Promise<void> => {};
  mkdirSync(settings.path, { recursive: true });
  if (settings.url !== 'embedded') {
    const { url, username, password } = settings;
    // The folder holds the spool, which must not be sent by two services.
    const lock = attach ? undefined : lockDirectory(settings.path);
    return { engine: undefined, endpoint: () => ({ url, username, password }), leave: async () => lock?.release() };
  }
  try {
    const { path, database, port, memoryBytes, threads } = settings;
    const engine = await EmbeddedEngine.start({
      path,
      database,
      port,
      limits: { memoryBytes, threads },
      clock,
      logger,
    });
    return { engine, endpoint: () => engine.endpoint, leave: () => engine.stop() };
  } catch (error) {
    if (!(error instanceof DirectoryLockedError) || !attach) throw error;
    const running = attachToEngine(settings.path);
    if (running === undefined)
      throw new AppError('E_ENGINE_LOCKED', `${error.message} It does not answer yet.`, { cause: error });
    return { engine: undefined, endpoint: () => attachToEngine(settings.path) ?? running, leave: leaveNothing };
  }
}
