import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { takeIn } from '../../src/collectors/http/intake.ts';
import { kafkaConfigSchema } from '../../src/collectors/kafka/config.ts';
import { KafkaCollector } from '../../src/collectors/kafka/kafka-collector.ts';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { BatchWriter } from '../../src/store/ingest/batch-writer.ts';
import { Spool } from '../../src/store/ingest/spool.ts';
import { type OpenStore, openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { requireKafka, startKafkaBroker } from '../support/kafka-broker.ts';
import { waitFor } from '../support/processes.ts';
import type { Bench } from './bench.ts';
import { benchLine, usageOf } from './ingest-records.ts';

const PARTITIONS = 8;
const TOPIC = 'bench';
const STEP = 8000;
const START_MS = Date.parse('2026-06-01T00:00:00Z');
const logger = pino({ level: 'silent' });

/** Records from a real broker on this machine, and the same records from a file, into one engine in one run. */
export const kafkaIngestBench: Bench = {
  name: 'kafka-ingest',
  describe:
    '500-byte predictions with 10 features from Kafka, against the same ones from a file. Arguments: rows, how many times the topic holds them (30 times a million take about five minutes).',
  run: async ([rowsText, timesText]) => {
    const rows = Number(rowsText ?? 300_000);
    const times = Number(timesText ?? 1);
    if (![rows, times].every((number) => Number.isInteger(number) && number > 0))
      throw new AppError('E_USAGE', 'Rows and times must be whole numbers from 1 on.');
    const source = requireKafka();
    if (source === undefined) return;
    const path = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    const broker = await startKafkaBroker(source);
    const opened = await startEngine(path);
    try {
      await broker.createTopic(TOPIC, PARTITIONS);
      await writeRows(rows, `${path}/rows.ndjson`);
      for (let time = 0; time < times; time += 1) fill(broker.brokers, `${path}/rows.ndjson`);
      const file = await measure('file', opened, rows, () => fromFile(opened.store, path));
      const all = times * rows;
      const kafka = await measure('kafka', opened, all, () => fromKafka(opened.store, broker.brokers, all));
      process.stdout.write(`# Kafka takes ${(kafka / times / file).toFixed(2)} times as long as the file.\n`);
    } finally {
      await opened.close();
      await broker.stop();
      rmSync(path, { recursive: true, force: true });
    }
  },
};

function startEngine(path: string): Promise<OpenStore> {
  return openStore({
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
}

async function writeRows(rows: number, file: string): Promise<void> {
  const handle = await open(file, 'w');
  for (let from = 0; from < rows; from += STEP) {
    const count = Math.min(STEP, rows - from);
    const lines = Array.from({ length: count }, (_, index) => benchLine(from + index, START_MS));
    await handle.write(`${lines.join('\n')}\n`);
  }
  await handle.close();
}

/** Adds the rows of a file to the topic, packed as LZ4, with kcat: it is not to be measured, and several times faster. */
function fill(brokers: readonly string[], file: string): void {
  const args = ['-P', '-b', brokers.join(','), '-t', TOPIC, '-z', 'lz4', '-X', 'batch.num.messages=2000', '-l', file];
  const { status, stderr, error } = spawnSync('kcat', args, { encoding: 'utf8' });
  if (status !== 0) throw new AppError('E_BENCH', `kcat did not fill the topic: ${stderr}`, { cause: error });
}

/** Runs one way of ingest from an empty table on, prints its figures and returns its seconds. */
async function measure(name: string, opened: OpenStore, rows: number, ingest: () => Promise<void>): Promise<number> {
  const { store, engine } = opened;
  await store.command({ name: 'bench', sql: 'TRUNCATE TABLE predictions' });
  const enginePid = engine?.pid ?? process.pid;
  const before = { node: usageOf(process.pid), engine: usageOf(enginePid) };
  const samples: NodeJS.MemoryUsage[] = [];
  const sampler = setInterval(() => samples.push(process.memoryUsage()), 500);
  const startMs = performance.now();
  await ingest();
  const seconds = (performance.now() - startMs) / 1000;
  clearInterval(sampler);
  const after = { node: usageOf(process.pid), engine: usageOf(enginePid) };
  const stored = await countOf(store);
  if (stored !== rows) throw new AppError('E_BENCH', `${stored} of ${rows} rows were stored.`);
  const figures = {
    bench: 'kafka-ingest',
    case: name,
    rows,
    seconds: round(seconds),
    rows_per_second: Math.round(rows / seconds),
    node_cpu_us_per_row: round(((after.node.cpuSeconds - before.node.cpuSeconds) * 1e6) / rows),
    engine_cpu_us_per_row: round(((after.engine.cpuSeconds - before.engine.cpuSeconds) * 1e6) / rows),
    node_rss_start_mb: Math.round(before.node.rssBytes / 1e6),
    node_rss_end_mb: Math.round(after.node.rssBytes / 1e6),
    ...memoryOf(samples),
    node_rss_peak_mb: Math.round(Math.max(0, ...samples.map(({ rss }) => rss)) / 1e6),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  return seconds;
}

/** Returns, in megabytes at the quarters of the run, what the process holds: a leak climbs, a working set does not. */
function memoryOf(samples: readonly NodeJS.MemoryUsage[]) {
  const quarters = [1, 2, 3, 4].flatMap((quarter) => samples[Math.ceil((samples.length * quarter) / 4) - 1] ?? []);
  const row = (kind: keyof NodeJS.MemoryUsage): number[] => quarters.map((usage) => Math.round(usage[kind] / 1e6));
  return { node_rss_mb: row('rss'), node_heap_mb: row('heapUsed'), node_buffers_mb: row('arrayBuffers') };
}

async function fromFile(store: Store, path: string): Promise<void> {
  const telemetry = new Telemetry(new Registry());
  const writer = new BatchWriter({
    store,
    spool: new Spool(`${path}/bench-spool`),
    clock: systemClock,
    logger,
    telemetry,
  });
  await writer.recover();
  const body = createReadStream(`${path}/rows.ndjson`, { highWaterMark: 1024 * 1024 });
  await takeIn({
    body,
    kind: 'predictions',
    format: 'ndjson',
    encoding: 'identity',
    key: 'bench',
    writer,
    clock: systemClock,
  });
  await writer.stop(10_000);
}

async function fromKafka(store: Store, brokers: readonly string[], rows: number): Promise<void> {
  const registry = new Registry();
  const collector = new KafkaCollector({
    config: kafkaConfigSchema.parse({ brokers: [...brokers], topics: { predictions: TOPIC } }),
    store,
    telemetry: new Telemetry(registry),
    health: undefined,
    logger,
    clock: systemClock,
    random: Math.random,
  });
  await collector.start();
  const read = async (): Promise<true | undefined> => {
    const messages = await registry.getSingleMetric('plumbline_kafka_messages_total')?.get();
    return messages?.values[0]?.value === rows ? true : undefined;
  };
  await waitFor('all rows', read, 3_600_000);
  await collector.stop();
}

async function countOf(store: Store): Promise<number> {
  const [row] = await store.rows({ name: 'bench', sql: 'SELECT count() AS n FROM predictions' });
  return typeof row === 'object' && row !== null && 'n' in row ? Number(row.n) : 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
