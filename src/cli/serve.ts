import type { Logger } from 'pino';
import { type Role, startService } from '../app.ts';
import { loadConfig } from '../config.ts';
import { systemClock } from '../core/clock.ts';
import { createLogger } from './logger.ts';
import { writeServiceFile } from './service-file.ts';

/** Runs the service until SIGTERM or SIGINT, then drains and returns 0. */
export async function runServe(options: {
  readonly config: string | undefined;
  readonly role: Role;
  readonly port?: number | undefined;
}): Promise<number> {
  const loaded = loadConfig(options.config);
  const config = options.port === undefined ? loaded : { ...loaded, server: { ...loaded.server, port: options.port } };
  const logger = createLogger(config.telemetry.log_level);
  const stopping = untilSignal();
  const service = await startService({
    config,
    role: options.role,
    clock: systemClock,
    wallClock: systemClock,
    random: Math.random,
    logger,
    background: true,
  });
  const takeBack = writeServiceFile(config.clickhouse.path, service.url);
  await stopping;
  takeBack();
  await service.stop();
  endForCertain(logger);
  return 0;
}

const LEFT_OPEN_MS = 5000;

/** Has what a library forgot to close not keep a stopped service alive; where nothing is open, it ends before. */
function endForCertain(logger: Logger): void {
  const end = (): void => {
    const fields = { event: 'left_open', resources: process.getActiveResourcesInfo() };
    logger.warn(fields, 'Plumbline has stopped, but something was left open; the process ends all the same.');
    process.exit(0);
  };
  setTimeout(end, LEFT_OPEN_MS).unref();
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const onSignal = (): void => {
      for (const name of ['SIGTERM', 'SIGINT'] as const) {
        process.removeListener(name, onSignal);
        process.once(name, () => process.exit(130));
      }
      resolve();
    };
    process.once('SIGTERM', onSignal);
    process.once('SIGINT', onSignal);
  });
}
