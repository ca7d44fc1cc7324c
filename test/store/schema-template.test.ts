import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderStatements, type SchemaTarget } from '../../src/store/schema-template.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

const FOLDER = fileURLToPath(new URL('../../src/store/migrations', import.meta.url));
const FILES = [FOLDER, `${FOLDER}/each-start`].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => `${folder}/${name}`),
);

const ONE_NODE: SchemaTarget = { database: 'plumbline', cluster: undefined, username: 'u', password: 'p' };
const CLUSTER: SchemaTarget = { ...ONE_NODE, cluster: 'main' };

function statements(target: SchemaTarget): readonly string[] {
  return FILES.flatMap((file) => renderStatements(readFileSync(file, 'utf8'), target));
}

/** Names of the tables and views that statements create. */
function created(target: SchemaTarget): ReadonlySet<string> {
  const makers = statements(target).filter((sql) => !/^(ALTER TABLE|DROP (VIEW|TABLE)|INSERT INTO) /.test(sql));
  const names = makers.map(
    (sql) =>
      /^CREATE (?:OR REPLACE )?(?:TABLE|(?:MATERIALIZED )?VIEW|DICTIONARY)(?: IF NOT EXISTS)? (\w+)/.exec(sql)?.[1],
  );
  expect(names).not.toContain(undefined);
  return new Set(names.filter((name) => name !== undefined));
}

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore({ migrated: false });
});
afterAll(async () => {
  await running.stop();
});

describe.each([
  ['one node', ONE_NODE],
  ['a cluster', CLUSTER],
])('on %s', (_, target) => {
  test('every statement is one that ClickHouse can parse, without a placeholder left', async () => {
    expect(statements(target).length).toBeGreaterThan(40);
    for (const sql of statements(target)) {
      // A dollar may stand in the text of a regular expression only.
      expect(sql).not.toMatch(/\$[A-Z_]+/);
      await running.store.command({ name: 'parse', sql: `EXPLAIN AST ${sql}` });
    }
    await expect(running.store.command({ name: 'parse', sql: 'EXPLAIN AST CREATE TABEL t' })).rejects.toThrow(
      'Syntax error',
    );
  });

  test('each view reads from and writes to tables that exist', () => {
    const names = created(target);
    const views = statements(target).filter((sql) => sql.startsWith('CREATE MATERIALIZED VIEW'));
    expect(views.length).toBeGreaterThan(15);
    for (const sql of views) {
      const into = / TO (\w+) AS/.exec(sql)?.[1];
      const from = sql.match(/FROM (\w+)/g)?.map((text) => text.slice('FROM '.length)) ?? [];
      expect(names).toContain(into);
      expect(from.length).toBeGreaterThan(0);
      for (const name of from) expect(names).toContain(name);
    }
  });
});

describe('on a cluster', () => {
  test('everything is made on all nodes, and what holds rows is replicated', () => {
    // Rows are inserted once: replication carries them to the other nodes.
    for (const sql of statements(CLUSTER).filter((statement) => !statement.startsWith('INSERT INTO '))) {
      expect(sql).toContain("ON CLUSTER 'main'");
      const engine = /ENGINE = (\w+)/.exec(sql)?.[1];
      if (sql.startsWith('CREATE TABLE'))
        expect(engine, sql.slice(0, 80)).toMatch(/^(Null|Distributed|Replicated\w*MergeTree)$/);
    }
  });

  test('each sharded table has its local part, and the same name reads all shards', () => {
    const distributed = statements(CLUSTER).filter((sql) => sql.includes('ENGINE = Distributed('));
    expect(distributed.length).toBeGreaterThanOrEqual(8);
    const names = created(CLUSTER);
    for (const sql of distributed) {
      const [, name, local] = /^CREATE TABLE IF NOT EXISTS (\w+) ON CLUSTER 'main' AS (\w+) /.exec(sql) ?? [];
      expect(local).toBe(`${name}_local`);
      expect(names).toContain(local);
      expect(sql).toContain(`Distributed('main', 'plumbline', ${local}, `);
    }
  });

  test('replicas of one shard share a path; a table that all nodes hold whole has one path', () => {
    const [sharded] = renderStatements('CREATE TABLE $LOCAL(t) ENGINE = $ENGINE(MergeTree) ORDER BY x;', CLUSTER);
    expect(sharded).toContain("ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')");
    const [shared] = renderStatements(
      'CREATE TABLE $SHARED(t) ENGINE = $ENGINE_SHARED(ReplacingMergeTree(v)) ORDER BY x;',
      CLUSTER,
    );
    expect(shared).toContain(
      "ReplicatedReplacingMergeTree('/clickhouse/tables/shared/{database}/{table}', '{shard}-{replica}', v)",
    );
  });
});

describe('on one node', () => {
  test('nothing speaks of clusters', () => {
    for (const sql of statements(ONE_NODE)) expect(sql).not.toMatch(/ON CLUSTER|Replicated|Distributed|_local\b/);
  });
});

test('credentials are quoted whatever they hold', async () => {
  const password = String.raw`it's $& \ $1 "quoted"`;
  const [sql] = renderStatements("SELECT '$PASSWORD' AS password, '$USER' AS user;", {
    ...ONE_NODE,
    username: "o'brien",
    password,
  });
  expect(await running.store.rows({ name: 'quoted', sql: sql ?? '' })).toEqual([{ password, user: "o'brien" }]);
});

test('comments and blank statements are left out', () => {
  expect(renderStatements('-- a; b\n\nSELECT 1;\n  -- c\nSELECT 2;\n;\n', ONE_NODE)).toEqual(['SELECT 1', 'SELECT 2']);
});
