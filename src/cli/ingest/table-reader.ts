import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../core/clock.ts';
import { EmbeddedEngine } from '../../store/engine/embedded-engine.ts';
import { Store } from '../../store/store.ts';
import { Telemetry } from '../../telemetry/telemetry.ts';

interface Opened {
  readonly store: Store;
  close(): Promise<void>;
}

/** Reads files that are tables: an engine on a temporary folder, started when the first such file comes. */
export class TableReader {
  #opened: Promise<Opened> | undefined;

  /** @throws E_ENGINE_START */
  async store(): Promise<Store> {
    this.#opened ??= open();
    return (await this.#opened).store;
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined) await (await this.#opened).close();
  }
}

async function open(): Promise<Opened> {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-tables-'));
  const logger = pino({ level: 'silent' });
  const database = 'default';
  const limits = { memoryBytes: 2_000_000_000, threads: 2 };
  const engine = await EmbeddedEngine.start({ path, database, limits, port: 0, logger, clock: systemClock });
  const store = new Store({
    endpoint: () => engine.endpoint,
    database,
    logger,
    telemetry: new Telemetry(new Registry()),
  });
  return {
    store,
    close: async () => {
      await store.close();
      await engine.stop();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
