import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Service, startService } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';

/** Starts the whole service in this process on a fresh folder and any free port, without its background work. */
export async function startInProcess(config: ConfigInput = {}): Promise<Service> {
  const path = mkdtempSync(join(tmpdir(), 'plumbline-in-process-'));
  const { server, clickhouse, ...rest } = config;
  const service = await startService({
    config: parseConfig(
      {
        ...rest,
        server: { port: 0, ...server },
        clickhouse: { path, memory_bytes: 2_000_000_000, ...clickhouse },
      },
      'test',
    ),
    role: 'api',
    clock: systemClock,
    wallClock: systemClock,
    random: Math.random,
    logger: pino({ level: 'silent' }),
    background: false,
  });
  return {
    ...service,
    stop: async () => {
      await service.stop();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
