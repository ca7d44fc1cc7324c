import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import type { Clock } from '../core/clock.ts';
import { EmbeddedEngine } from '../store/engine/embedded-engine.ts';
import { Store } from '../store/store.ts';
import { Telemetry } from '../telemetry/telemetry.ts';

const MEMORY_BYTES = 4_000_000_000;
const THREADS = 4;

/** Runs an action on an engine of its own that reads files, with a folder for notes; both are gone afterwards. */
export async function onScratchEngine<T>(
  { logger, clock }: { readonly logger: Logger; readonly clock: Clock },
  action: (store: Store, scratch: string) => Promise<T>,
): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-files-'));
  try {
    const limits = { memoryBytes: MEMORY_BYTES, threads: THREADS };
    const engine = await EmbeddedEngine.start({ path, database: 'default', limits, port: 0, logger, clock });
    const telemetry = new Telemetry(new Registry());
    const store = new Store({ endpoint: () => engine.endpoint, database: 'default', logger, telemetry });
    try {
      return await action(store, path);
    } finally {
      await store.close();
      await engine.stop();
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}
