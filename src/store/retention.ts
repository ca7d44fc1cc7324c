import type { Logger } from 'pino';
import { z } from 'zod';
import { defineQuery } from './query.ts';
import { renderStatements, type SchemaTarget } from './schema-template.ts';
import type { Store } from './store.ts';

/** How long things are kept, in milliseconds; undefined keeps them for ever. */
export interface Retention {
  readonly predictions?: number | undefined;
  readonly labels?: number | undefined;
  readonly samples?: number | undefined;
  readonly signals?: number | undefined;
  readonly dead_letters?: number | undefined;
}

interface Kept {
  readonly setting: keyof Retention;
  readonly table: string;
  /** The time from which on a row is kept. */
  readonly since: string;
}

const TABLES: readonly Kept[] = [
  { setting: 'predictions', table: 'predictions', since: 'ts' },
  { setting: 'labels', table: 'labels', since: 'label_ts' },
  { setting: 'samples', table: 'metric_samples', since: 'ts' },
  { setting: 'samples', table: 'gpu_samples', since: 'ts' },
  { setting: 'samples', table: 'serving_samples', since: 'ts' },
  { setting: 'signals', table: 'signals', since: 't' },
  { setting: 'signals', table: 'signals_by_day', since: 't' },
  { setting: 'dead_letters', table: 'dead_letters', since: 'received' },
];

const tableEngines = defineQuery<{ readonly names: readonly string[] }>()({
  name: 'table_engines',
  sql: 'SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}',
  row: z.object({ name: z.string(), engine_full: z.string() }),
});

/**
 * Makes the database delete what is older than the settings say, and keep what they do not name; returns the tables
 * that changed. Rollups, drift results and alerts are small and always kept. Old rows vanish in the background.
 *
 * @throws StoreError
 */
export async function applyRetention(options: {
  readonly store: Store;
  readonly target: Pick<SchemaTarget, 'database' | 'cluster'>;
  readonly retention: Retention;
  readonly logger: Logger;
}): Promise<readonly string[]> {
  const { store, retention, logger } = options;
  const target = { ...options.target, username: '', password: '' };
  const tables = TABLES.map((kept) => ({ ...kept, name: render(`$LOCAL(${kept.table})`, target) }));
  const found = await store.query(tableEngines, { names: tables.map(({ name }) => name) });
  const engines = new Map(found.map(({ name, engine_full: engine }) => [name, engine]));
  const changed: string[] = [];
  for (const { setting, table, since, name } of tables) {
    const ms = retention[setting];
    const seconds = ms === undefined ? undefined : Math.ceil(ms / 1000);
    if (secondsOf(engines.get(name) ?? '') === seconds) continue;
    const action =
      seconds === undefined ? 'REMOVE TTL' : `MODIFY TTL toDateTime(${since}) + toIntervalSecond(${seconds})`;
    await store.command({
      name: 'apply_retention',
      sql: render(`ALTER TABLE $LOCAL(${table}) $ON_CLUSTER ${action}`, target),
    });
    logger.info({ event: 'retention_changed', table, seconds: seconds ?? null }, 'What is kept how long was changed.');
    changed.push(table);
  }
  return changed;
}

/** Returns after how many seconds rows are deleted now, as the definition of a table's engine says. */
function secondsOf(engine: string): number | undefined {
  const seconds = / TTL .*?toIntervalSecond\((\d+)\)/.exec(engine)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

function render(text: string, target: SchemaTarget): string {
  return renderStatements(text, target).join('');
}
