import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { DriftSchedule } from '../../src/analysis/minute/drift-schedule.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import type { Bench } from './bench.ts';

const MODELS = 175;
const FEATURES = 50;
const ROWS_PER_HOUR = 10_000;
const REFERENCE_HOURS = 12;
const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse('2026-06-02T12:00:00Z');

const TRAILING_HOURS = 168;

const REFERENCES = {
  fixed: { kind: 'fixed', fromMs: NOW_MS - (REFERENCE_HOURS + 1) * HOUR_MS, toMs: NOW_MS - HOUR_MS },
  trailing: { kind: 'trailing', windowMs: TRAILING_HOURS * HOUR_MS },
} as const;

const CASES = [
  [
    'fixed',
    [
      ['references merged once, hour closed', NOW_MS],
      ['sliding window', NOW_MS + 5 * 60_000],
      ['sliding window again', NOW_MS + 10 * 60_000],
    ],
  ],
  [
    'trailing',
    [
      ['hour closed, reference moved', NOW_MS],
      ['sliding window', NOW_MS + 5 * 60_000],
      ['sliding window again', NOW_MS + 10 * 60_000],
    ],
  ],
] as const;

const usageSchema = z.object({ cpu_seconds: z.number(), memory_bytes: z.number() });

/** One evaluation of every feature of a fleet from the rollups: what a minute costs, and what the end of an hour costs. */
export const rollupDriftBench: Bench = {
  name: 'rollup-drift',
  describe:
    '175 models x 50 features x one hour of 10,000 predictions each, judged from rollups: CPU of engine and service.',
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
      clock: systemClock,
      logger,
      telemetry: new Telemetry(new Registry()),
    });
    try {
      const { store } = opened;
      await seed(store);
      for (const [kind, cases] of CASES) {
        const schedule = new DriftSchedule({
          store,
          maker: { store, wallClock: systemClock, drainIngest: async () => {} },
          settingsOf: () => ({
            windowMs: HOUR_MS,
            falseAlarmsPerMonth: 1,
            minRows: 100,
            features: undefined,
            importance: {},
            reference: REFERENCES[kind],
          }),
          clock: systemClock,
          logger,
        });
        await schedule.load();
        for (const [name, minuteMs] of cases) {
          const measured = await measure(store, () => schedule.run(minuteMs));
          const line = { bench: 'rollup-drift', reference: kind, case: name, features: MODELS * FEATURES, ...measured };
          process.stdout.write(`${JSON.stringify(line)}\n`);
        }
      }
    } finally {
      await opened.close();
      rmSync(path, { recursive: true, force: true });
    }
  },
};

/** Wall and CPU seconds of service and engine, and the largest memory of one statement. */
async function measure(store: Store, action: () => Promise<void>): Promise<Readonly<Record<string, number>>> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const since = Date.now();
  await action();
  const node = process.cpuUsage(cpu);
  const wall = (performance.now() - started) / 1000;
  const engine = await usage(store, since);
  const service = (node.user + node.system) / 1e6;
  return {
    wall_seconds: round(wall),
    service_cpu_seconds: round(service),
    engine_cpu_seconds: round(engine.cpu_seconds),
    cpu_seconds: round(service + engine.cpu_seconds),
    engine_query_memory_mib: Math.round(engine.memory_bytes / 1_048_576),
    service_memory_mib: Math.round(process.memoryUsage.rss() / 1_048_576),
  };
}

/** Grids of 250 bins and histograms straight into the tables: the shape of what ingest leaves behind. */
async function seed(store: Store): Promise<void> {
  await store.command({
    name: 'seed_grids',
    sql: `INSERT INTO feature_grids (grid_id, model, feature, kind, center, scale, low, bins_per_unit, upper_edges, groups, category_values, created, active_from, complete)
SELECT number + 1, concat('model-', toString(intDiv(number, ${FEATURES}))), concat('feature-', toString(number % ${FEATURES})), 'numeric', 0, 1, -1, 124, arrayMap(i -> i / 124 - 1, range(250)),
  arrayMap(i -> toUInt8(least(9, intDiv(i, 25))), range(250)), [], now64(3), now64(3), 1 FROM numbers(${MODELS * FEATURES})`,
  });
  for (const [table, segment] of [
    ['service_per_minute', "'', "],
    ['service_per_day', ''],
  ])
    await store.command({
      name: 'seed_models',
      sql: `INSERT INTO ${table} (model, version, ${segment === '' ? '' : 'segment, '}t, requests, first_ts, last_ts)
SELECT concat('model-', toString(number)), '1', ${segment}toDateTime(${(NOW_MS - HOUR_MS) / 1000}), 100000, toDateTime64(${(NOW_MS - 30 * HOUR_MS) / 1000}, 3), toDateTime64(${NOW_MS / 1000}, 3) FROM numbers(${MODELS})`,
    });
  // Five-minute buckets for the hours that are judged, hourly ones for the reference: fewer rows, the same merge.
  const histogram = (buckets: number, fromMs: number, stepSeconds: number, rows: number): string =>
    `INSERT INTO feature_histogram (grid_id, version, t, bin, n)
SELECT grid_id, '1', toDateTime(${fromMs / 1000}) + bucket * ${stepSeconds}, bin, 1 + intDiv(${rows} * 2 * (cityHash64(grid_id, bucket, bin) % 1000), 1000 * 248) AS n
FROM (SELECT toUInt32(number + 1) AS grid_id FROM numbers(${MODELS * FEATURES})) AS g
CROSS JOIN (SELECT number AS bucket FROM numbers(${buckets})) AS b CROSS JOIN (SELECT toUInt8(number + 1) AS bin FROM numbers(248)) AS c`;
  await store.command({
    name: 'seed_reference',
    sql: histogram(REFERENCE_HOURS, NOW_MS - (REFERENCE_HOURS + 1) * HOUR_MS, 3600, ROWS_PER_HOUR),
  });
  await store.command({ name: 'seed_current', sql: histogram(15, NOW_MS - HOUR_MS, 300, ROWS_PER_HOUR / 12) });
  await store.command({
    name: 'seed_windows',
    sql: `INSERT INTO feature_windows (window, grid_id, window_from, h, counts, created)
SELECT 3600, toUInt32(number % ${MODELS * FEATURES} + 1), toDateTime(${NOW_MS / 1000 - 3600}) - 3600 * (1 + intDiv(number, ${MODELS * FEATURES})),
  arrayMap(i -> toUInt64(if(i BETWEEN 1 AND 248, 20 + (number * 31 + i * 17) % 41, 0)), range(256)) AS h,
  arrayMap(g -> arraySum(arraySlice(h, 1 + g * 25, 25)), range(10)), now64(3) FROM numbers(${MODELS * FEATURES * TRAILING_HOURS})`,
  });
}

async function usage(store: Store, sinceMs: number): Promise<z.infer<typeof usageSchema>> {
  await store.command({ name: 'flush_logs', sql: 'SYSTEM FLUSH LOGS' });
  const rows = await store.rows({
    name: 'usage',
    sql: `SELECT sum(ProfileEvents['UserTimeMicroseconds'] + ProfileEvents['SystemTimeMicroseconds']) / 1e6 AS cpu_seconds, max(memory_usage) AS memory_bytes
FROM system.query_log WHERE type = 'QueryFinish' AND event_time_microseconds >= fromUnixTimestamp64Milli({since:Int64})`,
    parameters: { since: sinceMs },
  });
  return usageSchema.parse(rows[0]);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
