import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { compareDrift } from '../../src/analysis/drift/compare.ts';
import { fileSource } from '../../src/analysis/drift/file-source.ts';
import { renderTable } from '../../src/analysis/drift/render-table.ts';
import { DriftSession } from '../../src/analysis/drift/session.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import type { Bench } from './bench.ts';

/**
 * Batch drift over Parquet: by default 1M reference and 1M current rows with 10 numeric features, one case a profile.
 *
 * One JSON line a case: CPU seconds of the engine by statement (reading the files is in the stage_* statements), wall
 * seconds of the comparison, and CPU seconds of everything from the start of the engine to the printed table.
 */
export const bench: Bench = {
  name: 'drift',
  describe: 'CPU of `plumbline drift` over Parquet files: Kolmogorov-Smirnov, PSI and the whole command.',
  run: async (args) => {
    const rows = Number(args[0] ?? 1_000_000);
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-drift-'));
    try {
      await makeFiles(folder, rows);
      const cases = [await runCase(folder, rows, 'robust'), await runCase(folder, rows, 'textbook')];
      const worst = (pick: (found: Found) => number): string => Math.max(...cases.map(pick)).toFixed(2);
      process.stdout.write(
        `# Worst case: KS ${worst((found) => found.ks_cpu_seconds)} (target 1.0), PSI ${worst((found) => found.psi_cpu_seconds)} (target 1.0), whole command ${worst((found) => found.command_cpu_seconds)} CPU seconds (target 4.0); ClickHouse's own KS test in this run ${worst((found) => found.plain_ks_test_cpu_seconds)}.\n`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const FEATURES = 10;

async function makeFiles(folder: string, rows: number): Promise<void> {
  const engine = await startTestStore({ migrated: false });
  for (const [name, shift] of [
    ['reference', 0],
    ['current', 0.01],
  ] as const) {
    const columns = Array.from(
      { length: FEATURES },
      (_, i) => `randNormal(${i * shift}, 1, ${name.length * 100 + i}) AS x${i}`,
    );
    const sql = `INSERT INTO FUNCTION file('${folder}/${name}.parquet', Parquet) SELECT ${columns.join(', ')}, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number AS ts FROM numbers(${rows})`;
    await engine.store.command({ name: 'make', sql });
  }
  await engine.stop();
}

async function runCase(folder: string, rows: number, profile: 'robust' | 'textbook'): Promise<Found> {
  const before = process.cpuUsage();
  const engine = await startTestStore({ migrated: false });
  const session = new DriftSession(engine.store);
  const started = process.hrtime.bigint();
  const { report } = await compareDrift({
    session,
    table: 'drift_rows',
    reference: fileSource({ path: `${folder}/reference.parquet`, scratch: folder }),
    current: fileSource({ path: `${folder}/current.parquet`, scratch: folder }),
    referenceFilter: {},
    currentFilter: {},
    window: 'all',
    profile,
    beside: [],
    overrides: { categorical: [], numeric: [] },
    budgetPerMonth: 1,
    memoryBytes: 500_000_000,
  });
  renderTable(report);
  const wallSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  const own = process.cpuUsage(before);
  const nodeSeconds = (own.user + own.system) / 1e6;
  const engineSeconds = engineCpu(engine);
  const byStatement = await statementCpu(engine, session);
  const plain = await plainTest(engine, folder);
  await engine.stop();
  const found: Found = {
    bench: 'drift',
    case: `${profile} ${rows} x ${rows} x ${FEATURES}`,
    ks_cpu_seconds: round((byStatement['buckets'] ?? 0) + (byStatement['bucket_ranges'] ?? 0)),
    psi_cpu_seconds: round((byStatement['quantiles'] ?? 0) + (byStatement['counts'] ?? 0)),
    engine_cpu_seconds_by_statement: byStatement,
    wall_seconds: round(wallSeconds),
    plain_ks_test_cpu_seconds: plain,
    command_cpu_seconds: round(nodeSeconds + engineSeconds),
    of_which_engine: round(engineSeconds),
  };
  process.stdout.write(`${JSON.stringify(found)}\n`);
  return found;
}

interface Found {
  readonly bench: 'drift';
  readonly case: string;
  /** Exact Kolmogorov-Smirnov, with Wasserstein and energy from the same pass. */
  readonly ks_cpu_seconds: number;
  readonly psi_cpu_seconds: number;
  readonly engine_cpu_seconds_by_statement: Readonly<Record<string, number>>;
  readonly wall_seconds: number;
  /** What ClickHouse's own test costs for the same columns in this run, to compare machines and their load by. */
  readonly plain_ks_test_cpu_seconds: number;
  readonly command_cpu_seconds: number;
  readonly of_which_engine: number;
}

/** CPU seconds of the engine's process so far. */
function engineCpu(engine: TestStore): number {
  const stat = readFileSync(`/proc/${engine.engine.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function plainTest(engine: TestStore, folder: string): Promise<number> {
  const session = new DriftSession(engine.store);
  const columns = Array.from({ length: FEATURES }, (_, i) => `x${i}`);
  const side = (name: string, number: number): string =>
    `SELECT ${columns.join(', ')}, ${number} AS side FROM file('${folder}/${name}.parquet')`;
  const rows = `${side('reference', 0)} UNION ALL ${side('current', 1)}`;
  await session.command('make', `CREATE TABLE plain ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM (${rows})`);
  const tests = columns.map((column) => `kolmogorovSmirnovTest('two-sided', 'asymp')(${column}, side)`);
  await session.rows('plain', `SELECT ${tests.join(', ')} FROM plain`);
  return (await statementCpu(engine, session))['plain'] ?? 0;
}

async function statementCpu(engine: TestStore, session: DriftSession): Promise<Readonly<Record<string, number>>> {
  await engine.store.command({ name: 'flush', sql: 'SYSTEM FLUSH LOGS query_log' });
  const rows = z.array(z.object({ query: z.string(), seconds: z.number() })).parse(
    await engine.store.rows({
      name: 'log',
      sql: "SELECT query, (ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6 AS seconds FROM system.query_log WHERE type = 'QueryFinish'",
    }),
  );
  const byName: Record<string, number> = {};
  for (const { name, sql } of session.statements) {
    const found = rows.filter((row) => row.query.startsWith(sql.trim())).reduce((sum, row) => sum + row.seconds, 0);
    byName[name] = round((byName[name] ?? 0) + found);
  }
  return byName;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
