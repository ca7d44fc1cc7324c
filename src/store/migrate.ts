import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { defineQuery } from './query.ts';
import { renderStatements, type SchemaTarget } from './schema-template.ts';
import type { Store } from './store.ts';

export interface MigrationReport {
  readonly applied: readonly string[];
  readonly alreadyApplied: number;
}

const MIGRATIONS_DIR = fileURLToPath(new URL('./migrations', import.meta.url));

const appliedMigrations = defineQuery<Record<string, never>>()({
  name: 'applied_migrations',
  sql: 'SELECT name, argMax(checksum, applied_at) AS checksum FROM schema_migrations GROUP BY name',
  row: z.object({ name: z.string(), checksum: z.string() }),
});

/**
 * Brings the schema up to date: applies the numbered files that were not applied yet, in order, and makes the objects
 * of each-start anew. The same files serve one node and a cluster.
 *
 * @throws E_MIGRATION when an applied file was changed afterwards
 */
export async function migrate(store: Store, target: SchemaTarget): Promise<MigrationReport> {
  const files = readdirSync(MIGRATIONS_DIR).filter((name) => /^\d{4}_.*\.sql$/.test(name));
  const onceFiles = readdirSync(`${MIGRATIONS_DIR}/each-start`).filter((name) => name.endsWith('.sql'));
  await run(store, target, 'schema_migrations', BOOKKEEPING);
  const done = new Map((await store.query(appliedMigrations, {})).map((row) => [row.name, row.checksum]));
  for (const name of onceFiles.sort()) await run(store, target, name, read(`each-start/${name}`));
  const applied: string[] = [];
  for (const name of files.sort()) {
    const text = read(name);
    const checksum = createHash('sha256').update(text).digest('hex');
    const known = done.get(name);
    if (known === checksum) continue;
    if (known !== undefined) {
      throw new AppError(
        'E_MIGRATION',
        `Migration ${name} was changed after it had been applied; add a new file instead.`,
      );
    }
    await run(store, target, name, text);
    await store.insert('schema_migrations', [{ name, checksum, applied_at: new Date().toISOString() }]);
    applied.push(name);
  }
  return { applied, alreadyApplied: done.size };
}

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS $SHARED(schema_migrations) $ON_CLUSTER (
  name String, checksum String, applied_at DateTime64(3, 'UTC')
) ENGINE = $ENGINE_SHARED(MergeTree) ORDER BY (name, applied_at);
`;

async function run(store: Store, target: SchemaTarget, name: string, text: string): Promise<void> {
  for (const [index, sql] of renderStatements(text, target).entries()) {
    try {
      await store.command({ name: 'migrate', sql });
    } catch (error) {
      throw new AppError('E_MIGRATION', `Statement ${index + 1} of migration ${name} failed`, { cause: error });
    }
  }
}

function read(name: string): string {
  return readFileSync(`${MIGRATIONS_DIR}/${name}`, 'utf8');
}
