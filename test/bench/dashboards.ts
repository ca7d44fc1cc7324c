import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { dashboards } from '../../dashboards/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { interpolate, type VariableValues } from '../../src/grafana/interpolate.ts';
import { objectsAt, textAt } from '../../src/grafana/json.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import type { Bench } from './bench.ts';
import { fleetStatements, MODEL, NOW_MS } from './dashboards-fleet.ts';

const DAY_MS = 86_400_000;
/** What Grafana asks for on a screen of about 1,400 pixels: 1 minute for a day, 30 minutes for a month. */
const RANGES = [
  { name: '24 h', ms: DAY_MS, intervalMs: 60_000, limitMs: 300, runs: 4 },
  { name: '30 d', ms: 30 * DAY_MS, intervalMs: 1_800_000, limitMs: 1000, runs: 3 },
] as const;

const VARIABLES: VariableValues = {
  values: { model: [MODEL], version: ['1', '2'], segment: ['all'], gpu: ['GPU-1'], feature: ['feature_1'] },
  all: ['version', 'gpu', 'model'],
};

/** How fast the queries of the panels answer over a day and a month of a fleet of 175 models, all variables on All. */
export const dashboardsBench: Bench = {
  name: 'dashboards',
  describe: '50 million predictions a day of 175 models as rollups: each panel over 24 hours and over 30 days.',
  run: async () => {
    const path = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    const logger = pino({ level: 'silent' });
    const opened = await openStore({
      settings: {
        url: 'embedded',
        path,
        database: 'plumbline',
        username: '',
        password: '',
        port: 0,
        memoryBytes: 6_000_000_000,
        threads: 2,
      },
      attach: false,
      logger,
      telemetry: new Telemetry(new Registry()),
      clock: systemClock,
    });
    try {
      await fill(opened.store);
      await measure(opened.store);
    } finally {
      await opened.close();
      rmSync(path, { recursive: true, force: true });
    }
  },
};

async function fill(store: Store): Promise<void> {
  const begin = performance.now();
  for (const [index, sql] of fleetStatements().entries()) await store.command({ name: `fill_${index}`, sql });
  console.log(`# filled in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}

interface Panel {
  readonly name: string;
  readonly sqls: readonly string[];
  /** Most points that the panel asks for; undefined is one a pixel. */
  readonly maxPoints: number | undefined;
}

async function measure(store: Store): Promise<void> {
  const missed: string[] = [];
  for (const panel of panels()) {
    const cells: string[] = [];
    for (const range of RANGES) {
      const { p95, rows } = await timed(store, panel, range);
      cells.push(`${range.name}: p95 ${p95.toFixed(0)} ms, ${rows} rows`);
      console.log(JSON.stringify({ panel: panel.name, range: range.name, p95_ms: Math.round(p95), rows }));
      if (p95 > range.limitMs) missed.push(`${panel.name}, ${range.name}: ${p95.toFixed(0)} ms of ${range.limitMs}`);
    }
    console.log(`# ${panel.name.padEnd(64)} ${cells.join(' | ')}`);
  }
  for (const line of missed) console.log(`# over its limit: ${line}`);
  if (missed.length > 0) process.exitCode = 1;
}

/** The slowest query of a panel counts: Grafana sends them at once. */
async function timed(
  store: Store,
  panel: Panel,
  range: (typeof RANGES)[number],
): Promise<{ readonly p95: number; readonly rows: number }> {
  const context = {
    fromMs: NOW_MS - range.ms,
    toMs: NOW_MS,
    intervalMs: Math.max(range.intervalMs, range.ms / (panel.maxPoints ?? Infinity)),
  };
  const times: number[] = [];
  let rows = 0;
  for (let run = 0; run < range.runs; run += 1) {
    let slowest = 0;
    rows = 0;
    for (const sql of panel.sqls) {
      const begin = performance.now();
      const answer = await store.rows({ name: 'panel', sql: expandMacros(interpolate(sql, VARIABLES), context) });
      slowest = Math.max(slowest, performance.now() - begin);
      rows += answer.length;
    }
    times.push(slowest);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { p95: sorted[Math.ceil(0.95 * sorted.length) - 1] ?? 0, rows };
}

function panels(): readonly Panel[] {
  return dashboards.flatMap((make) => {
    const dashboard = make();
    return objectsAt(dashboard, 'panels')
      .map((panel) => ({
        name: `${textAt(dashboard, 'uid').replace('plumbline-', '')}: ${textAt(panel, 'title')}`,
        maxPoints: typeof panel['maxDataPoints'] === 'number' ? panel['maxDataPoints'] : undefined,
        sqls: objectsAt(panel, 'targets')
          .map((target) => textAt(target, 'rawSql'))
          .filter((sql) => sql !== ''),
      }))
      .filter(({ sqls }) => sqls.length > 0);
  });
}
