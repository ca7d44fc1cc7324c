import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { compareDrift } from '../../src/analysis/drift/compare.ts';
import { fileSource } from '../../src/analysis/drift/file-source.ts';
import { renderTable } from '../../src/analysis/drift/render-table.ts';
import { DriftSession } from '../../src/analysis/drift/session.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

// Batch drift over Parquet: 1M reference and 1M current rows with 10 numeric features, one case a profile. Prints one
// JSON line a case: CPU seconds of the engine by statement (reading the files is in the stage_* statements), wall seconds
// of the comparison, and CPU seconds of everything from the start of the engine to the printed table.
const ROWS = Number(process.argv[2] ?? 1_000_000);
const FEATURES = 10;

const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-drift-'));
try {
  await makeFiles();
  for (const profile of ['robust', 'textbook'] as const) await runCase(profile);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function makeFiles(): Promise<void> {
  const engine = await startTestStore({ migrated: false });
  for (const [name, shift] of [
    ['reference', 0],
    ['current', 0.01],
  ] as const) {
    const columns = Array.from(
      { length: FEATURES },
      (_, i) => `randNormal(${i * shift}, 1, ${name.length * 100 + i}) AS x${i}`,
    );
    const sql = `INSERT INTO FUNCTION file('${folder}/${name}.parquet', Parquet) SELECT ${columns.join(', ')}, toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + number AS ts FROM numbers(${ROWS})`;
    await engine.store.command({ name: 'make', sql });
  }
  await engine.stop();
}

async function runCase(profile: 'robust' | 'textbook'): Promise<void> {
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
  });
  renderTable(report);
  const wallSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  const own = process.cpuUsage(before);
  const nodeSeconds = (own.user + own.system) / 1e6;
  const engineSeconds = engineCpu(engine);
  const byStatement = await statementCpu(engine, session);
  await engine.stop();
  process.stdout.write(
    `${JSON.stringify({
      bench: 'drift',
      case: `${profile} ${ROWS} x ${ROWS} x ${FEATURES}`,
      ks_cpu_seconds: byStatement['ks'] ?? null,
      psi_cpu_seconds: round((byStatement['quantiles'] ?? 0) + (byStatement['counts'] ?? 0)),
      engine_cpu_seconds_by_statement: byStatement,
      wall_seconds: round(wallSeconds),
      command_cpu_seconds: round(nodeSeconds + engineSeconds),
      of_which_engine: round(engineSeconds),
    })}\n`,
  );
}

/** CPU seconds of the engine's process so far. */
function engineCpu(engine: TestStore): number {
  const stat = readFileSync(`/proc/${engine.engine.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
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
