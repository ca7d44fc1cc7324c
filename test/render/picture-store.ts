import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { systemClock } from '../../src/core/clock.ts';
import { LIVE_TO_MS } from '../../src/demo/demo-dates.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { startTestStore } from '../support/engine.ts';
import type { Answer } from './browser/bridge.ts';
import { seedPictureFleet, TO_MS } from './picture-fleet.ts';
import { PREFERRED } from './picture-models.ts';

const COLUMNS = z.array(z.object({ name: z.string(), type: z.string() }));
const ROWS = z.array(z.record(z.string(), z.unknown()));

/** Where the pictures' numbers come from. */
export interface PictureStore {
  /** The end of the time range. */
  readonly toMs: number;
  readonly preferred: Readonly<Record<string, string>>;
  ask(sql: string): Promise<Answer>;
  close(): Promise<void>;
}

/** Opens the data folder of the demo, or, without one, a fresh engine with the invented fleet. */
export async function openPictureStore(folder: string | undefined): Promise<PictureStore> {
  if (folder === undefined) {
    const { store, stop } = await startTestStore();
    await seedPictureFleet(store).catch(async (error: unknown) => {
      await stop();
      throw error;
    });
    return { toMs: TO_MS, preferred: PREFERRED, ask: (sql) => ask(store, sql), close: stop };
  }
  const settings = {
    url: 'embedded',
    path: folder,
    database: 'plumbline',
    username: 'default',
    password: '',
    port: 0,
    memoryBytes: 3e9,
    threads: 2,
  };
  const opened = await openStore({
    settings,
    attach: true,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    telemetry: new Telemetry(new Registry()),
  });
  const { store } = opened;
  return { toMs: LIVE_TO_MS, preferred: PREFERRED, ask: (sql) => ask(store, sql), close: () => opened.close() };
}

async function ask(store: Store, sql: string): Promise<Answer> {
  const described = await store.rows({ name: 'describe', sql: `DESCRIBE TABLE (${sql})` });
  const rows = await store.rows({ name: 'panel', sql });
  return {
    columns: COLUMNS.parse(described).map(({ name, type }) => ({ name, type })),
    rows: ROWS.parse(rows),
  };
}
