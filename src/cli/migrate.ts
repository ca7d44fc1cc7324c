import { Registry } from 'prom-client';
import { loadConfig } from '../config.ts';
import { systemClock } from '../core/clock.ts';
import { storeSettings } from '../settings.ts';
import { openStore } from '../store/open-store.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { createLogger } from './logger.ts';

/** Brings the schema up to date and says where. */
export async function runMigrate(configFile: string | undefined): Promise<number> {
  const config = loadConfig(configFile);
  const opened = await openStore({
    settings: storeSettings(config),
    attach: true,
    clock: systemClock,
    logger: createLogger('error'),
    telemetry: new Telemetry(new Registry()),
  });
  const where =
    config.clickhouse.url === 'embedded' ? `the embedded engine in ${config.clickhouse.path}` : config.clickhouse.url;
  await opened.close();
  process.stdout.write(`The schema of database ${config.clickhouse.database} on ${where} is up to date.\n`);
  return 0;
}
