import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { guard } from '../../src/api/auth.ts';
import type { PagesDependencies } from '../../src/api/pages/pages-dependencies.ts';
import { registerPages } from '../../src/api/pages/register-pages.ts';
import { createServer } from '../../src/api/server.ts';
import { AppError } from '../../src/core/errors.ts';
import { systemClock } from '../../src/core/clock.ts';
import { interpolate, type VariableValues } from '../../src/grafana/interpolate.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import type { Bench } from './bench.ts';
import { fleetStatements, INCIDENT, MODEL, NOW_MS } from './dashboards-fleet.ts';
import { type Panel, panels } from './panels.ts';

const DAY_MS = 86_400_000;
/** What Grafana asks for on a screen of about 1,400 pixels: 1 minute for a day, 30 minutes for a month. */
const RANGES = [
  { name: '24h', ms: DAY_MS, intervalMs: 60_000, limitMs: 300 },
  { name: '30d', ms: 30 * DAY_MS, intervalMs: 1_800_000, limitMs: 1000 },
] as const;
/** A quick panel is asked often enough for one slow answer of twenty not to be its p95; a slow one at least this often. */
const MOST_RUNS = 20;
const LEAST_RUNS = 4;
const MEASURE_MS = 1000;
const PAGE_RUNS = 20;
const PAGE_LIMIT_MS = 200;
const PAGE_LIMIT_BYTES = 300_000;

const VARIABLES: VariableValues = {
  values: { model: [MODEL], version: ['1', '2'], segment: ['all'], gpu: ['GPU-1'], feature: ['feature_1'] },
  all: ['version', 'gpu', 'model'],
};

/** How fast the queries of the panels answer over a day and a month of a fleet of 175 models, all variables on All. */
export const dashboardsBench: Bench = {
  name: 'dashboards',
  describe:
    '50 million predictions a day of 175 models as rollups: our pages, and each panel over 24 hours and 30 days.',
  run: async (args) => {
    const { part, folder } = optionsOf(args);
    const path = folder ?? mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    mkdirSync(path, { recursive: true });
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
      await fillOnce(opened.store, join(path, 'filled'));
      const missed = [
        ...(part === 'panels' ? [] : await measurePages(opened.store)),
        ...(part === 'pages' ? [] : await measurePanels(opened.store)),
      ];
      for (const line of missed) console.log(`# over its limit: ${line}`);
      if (missed.length > 0) process.exitCode = 1;
    } finally {
      await opened.close();
      if (folder === undefined) rmSync(path, { recursive: true, force: true });
    }
  },
};

/** `--part pages` or `panels` is only that half; `--folder DIR` keeps what is filled there, to compare two builds on the same data. */
function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: { part: { type: 'string' }, folder: { type: 'string' } },
  });
  if (values.part !== undefined && values.part !== 'pages' && values.part !== 'panels')
    throw new AppError('E_BENCH', `--part is pages or panels, not ${values.part}.`);
  return values;
}

async function fillOnce(store: Store, mark: string): Promise<void> {
  if (existsSync(mark)) return;
  await fill(store);
  await settle(store);
  writeFileSync(mark, '');
}

async function fill(store: Store): Promise<void> {
  const begin = performance.now();
  for (const [index, sql] of fleetStatements().entries()) await store.command({ name: `fill_${index}`, sql });
  console.log(`# filled in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}

/** Waits until the tables are merged, which takes both cores, or for a minute. */
async function settle(store: Store): Promise<void> {
  for (let second = 0; second < 60; second += 1) {
    const [row] = await store.rows({ name: 'merges', sql: 'SELECT count() AS n FROM system.merges HAVING n > 0' });
    if (row === undefined) return;
    await systemClock.sleep(1000);
  }
}

interface Times {
  readonly p50: number;
  readonly p95: number;
}

/** Times each panel over each range; returns what took longer than it may. */
async function measurePanels(store: Store): Promise<readonly string[]> {
  const missed: string[] = [];
  for (const panel of panels()) {
    const line: Record<string, string | number> = { dashboard: panel.dashboard, panel: panel.title };
    for (const range of RANGES) {
      const { p50, p95, rows } = await timedPanel(store, panel, range);
      Object.assign(line, {
        [`rows_${range.name}`]: rows,
        [`p50_ms_${range.name}`]: p50,
        [`p95_ms_${range.name}`]: p95,
      });
      if (p95 > range.limitMs)
        missed.push(`${panel.dashboard}: ${panel.title}, ${range.name}: ${p95} ms of ${range.limitMs}`);
    }
    console.log(JSON.stringify(line));
  }
  return missed;
}

/** The slowest query of a panel counts: Grafana sends them at once. */
async function timedPanel(
  store: Store,
  panel: Panel,
  range: (typeof RANGES)[number],
): Promise<Times & { readonly rows: number }> {
  const context = {
    fromMs: NOW_MS - range.ms,
    toMs: NOW_MS,
    intervalMs: Math.max(range.intervalMs, range.ms / (panel.maxPoints ?? Infinity)),
  };
  const sqls = panel.sqls.map((sql) => expandMacros(interpolate(sql, VARIABLES), context));
  let rows = 0;
  for (const sql of sqls) rows += (await store.rows({ name: 'panel', sql })).length;
  const times: number[] = [];
  const first = performance.now();
  while (times.length < MOST_RUNS && (times.length < LEAST_RUNS || performance.now() - first < MEASURE_MS)) {
    let slowest = 0;
    for (const sql of sqls) {
      const begin = performance.now();
      // In the format that Grafana's plugin reads; what a panel makes of it is not the query's time.
      await finished((await store.readRaw({ name: 'panel', sql: `${sql} FORMAT Native` })).resume());
      slowest = Math.max(slowest, performance.now() - begin);
    }
    times.push(slowest);
  }
  return { ...quantiles(times), rows };
}

/** Times our own pages, each time as a service that keeps no answer yet; returns what took longer or more than it may. */
async function measurePages(store: Store): Promise<readonly string[]> {
  const missed: string[] = [];
  for (const path of ['/', `/models/${MODEL}`, `/incidents/${INCIDENT}`]) {
    const times: number[] = [];
    const whole: number[] = [];
    let bytes = 0;
    for (let run = 0; run < PAGE_RUNS; run += 1) {
      const app = await createServer({ logger: pino({ level: 'silent' }), version: '0.0.0' });
      await registerPages(app, pagesDependencies(store));
      const begin = performance.now();
      const answer = await app.inject({ method: 'GET', url: path });
      times.push(performance.now() - begin);
      if (answer.statusCode !== 200) throw new AppError('E_BENCH', `Page ${path} answered ${answer.statusCode}.`);
      // A page that is not whole loads itself again; the next run begins when nothing of this one is left.
      let { body } = answer;
      while (body.includes('http-equiv="refresh"')) {
        await systemClock.sleep(50);
        ({ body } = await app.inject({ method: 'GET', url: path }));
      }
      whole.push(performance.now() - begin);
      bytes = Buffer.byteLength(body);
      await app.close();
    }
    const { p50, p95 } = quantiles(times);
    console.log(JSON.stringify({ page: path, bytes, p50_ms: p50, p95_ms: p95, whole_p95_ms: quantiles(whole).p95 }));
    if (p95 > PAGE_LIMIT_MS) missed.push(`page ${path}: ${p95} ms of ${PAGE_LIMIT_MS}`);
    if (bytes > PAGE_LIMIT_BYTES) missed.push(`page ${path}: ${bytes} bytes of ${PAGE_LIMIT_BYTES}`);
  }
  return missed;
}

function pagesDependencies(store: Store): PagesDependencies {
  return {
    store,
    clock: { ...systemClock, now: () => NOW_MS },
    wallClock: systemClock,
    models: [],
    driftForRange: async () => {
      throw new AppError('E_BENCH', 'No page compares.');
    },
    guard: guard([]),
    patienceMs: 50,
  };
}

/** Nearest rank, in whole milliseconds. */
function quantiles(times: readonly number[]): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const rank = (p: number): number => Math.round(sorted[Math.ceil(p * sorted.length) - 1] ?? 0);
  return { p50: rank(0.5), p95: rank(0.95) };
}
