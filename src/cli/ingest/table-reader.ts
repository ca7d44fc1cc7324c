import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../core/clock.ts';
import { type OpenStore, openStore } from '../../store/open-store.ts';
import type { Store } from '../../store/store.ts';
import { Telemetry } from '../../telemetry/telemetry.ts';

/** Reads files that are tables: an engine on a temporary folder, started when the first such file comes. */
export class TableReader {
  #opened: Promise<{ readonly path: string; readonly open: OpenStore }> | undefined;

  /** @throws E_ENGINE_START */
  async store(): Promise<Store> {
    this.#opened ??= start();
    return (await this.#opened).open.store;
  }

  async close(): Promise<void> {
    if (this.#opened === undefined) return;
    const { path, open } = await this.#opened;
    await open.close();
    rmSync(path, { recursive: true, force: true });
  }
}

async function start(): Promise<{ readonly path: string; readonly open: OpenStore }> {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-convert-'));
  const open = await openStore({
    settings: { url: 'embedded', path, database: 'plumbline', username: '', password: '', port: 0, memoryBytes: 2_000_000_000, threads: 2 },
    attach: false,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    telemetry: new Telemetry(new Registry()),
  });
  return { path, open };
}
