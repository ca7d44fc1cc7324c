import { once } from 'node:events';
import { appendFileSync, createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { makeGrids } from '../../src/analysis/minute/grids.ts';
import type { Service } from '../../src/app.ts';
import { takeIn } from '../../src/collectors/http/intake.ts';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { NDJSON } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import type { Bench } from './bench.ts';
import { benchLine, MODELS, usageOf } from './ingest-records.ts';

// A batch costs much whatever it holds, so as many are on their way as fill one for each core.
const CLIENTS = 24;
const LINES = 20_000;
const NEWLINE = Buffer.from('\n');
const receiptSchema = z.object({ accepted: z.number() });
const START_MS = Date.parse('2026-06-01T00:00:00Z');

/** Predictions over HTTP into a service with its own engine, and the same ones from a file; all share the machine. */
export const httpIngestBench: Bench = {
  name: 'http-ingest',
  describe:
    '500-byte predictions with 10 features over HTTP as NDJSON, against the same ones from a file, and wide ones of 25 features, each with frozen bins, while pages are looked at. Arguments: rows, clients, lines a request.',
  run: async ([rowsText, clientsText, linesText]) => {
    const rows = Number(rowsText ?? 600_000);
    const clients = Number(clientsText ?? CLIENTS);
    const lines = Number(linesText ?? LINES);
    if (![rows, clients, lines].every((number) => Number.isInteger(number) && number > 0) || rows < lines)
      throw new AppError('E_USAGE', 'Rows, clients and lines must be whole numbers, and rows at least one request.');
    const count = Math.floor(rows / lines);
    const bodies = bodiesOf(count, lines, 10);
    const service = await startInProcess();
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
    try {
      for (const body of bodies) appendFileSync(`${folder}/rows.ndjson`, Buffer.concat([body, NEWLINE]));
      const sent = count * lines;
      const file = await measure('file', service, sent, () => fromFile(service, `${folder}/rows.ndjson`, sent));
      const http = await measure('http', service, sent, async () => {
        await Promise.all(Array.from({ length: clients }, () => client(service.url, bodies, lines)));
      });
      process.stdout.write(`# HTTP reaches ${(file / http).toFixed(2)} of the rate of the file.\n`);
      const wide = bodiesOf(count, lines, 25);
      await client(service.url, wide.splice(0, 1), lines);
      await freezeBins(service);
      const done = new AbortController();
      const looking = lookAt(service.url, done.signal);
      await measure('http_25_features_all_rollups_and_pages', service, sent - lines, async () => {
        await Promise.all(Array.from({ length: clients }, () => client(service.url, wide, lines)));
      });
      done.abort();
      process.stdout.write(`# Meanwhile ${await looking} pages were read.\n`);
    } finally {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function bodiesOf(count: number, lines: number, features: 10 | 25): Buffer[] {
  const line = (number: number): string => benchLine(number, START_MS, features);
  return Array.from({ length: count }, (_, body) =>
    Buffer.from(Array.from({ length: lines }, (_line, index) => line(body * lines + index)).join('\n')),
  );
}

/** Gives every feature of every model bins, so that all that arrives from now on is counted in them. */
async function freezeBins(service: Service): Promise<void> {
  const { features } = z
    .object({ features: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(benchLine(0, START_MS, 25)));
  const wanted = Object.entries(features).map(([feature, value]) => {
    return { feature, kind: typeof value === 'number' ? 'numeric' : 'categorical' } as const;
  });
  const maker = { store: service.store, wallClock: systemClock, drainIngest: () => service.writer.drain() };
  const rows = { fromMs: START_MS, toMs: START_MS + 86_400_000 };
  for (let model = 0; model < MODELS; model += 1) await makeGrids(maker, `model-${model}`, rows, wanted);
}

/** Reads the overview and the page of a model once a second until told to stop; returns how many pages that were. */
async function lookAt(url: string, signal: AbortSignal): Promise<number> {
  let pages = 0;
  while (!signal.aborted) {
    for (const path of ['/', '/models/model-1']) {
      const answer = await fetch(`${url}${path}`);
      await answer.arrayBuffer();
      if (!answer.ok) throw new AppError('E_BENCH', `The service answered ${answer.status} to ${path}.`);
      pages += 1;
    }
    await systemClock.sleep(1000, signal);
  }
  return pages;
}

/** Runs one way of ingest, prints its figures and returns its seconds. */
async function measure(name: string, service: Service, rows: number, ingest: () => Promise<void>): Promise<number> {
  const enginePid = service.enginePid ?? process.pid;
  const before = { node: usageOf(process.pid), engine: usageOf(enginePid) };
  const startMs = performance.now();
  await ingest();
  const seconds = (performance.now() - startMs) / 1000;
  const after = { node: usageOf(process.pid), engine: usageOf(enginePid) };
  const figures = {
    bench: 'http-ingest',
    case: name,
    rows,
    seconds: Math.round(seconds * 100) / 100,
    rows_per_second: Math.round(rows / seconds),
    client_and_node_cpu_us_per_row: perRow(after.node.cpuSeconds - before.node.cpuSeconds, rows),
    engine_cpu_us_per_row: perRow(after.engine.cpuSeconds - before.engine.cpuSeconds, rows),
    node_rss_start_mb: Math.round(before.node.rssBytes / 1e6),
    node_rss_end_mb: Math.round(after.node.rssBytes / 1e6),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  return seconds;
}

async function fromFile(service: Service, path: string, rows: number): Promise<void> {
  const result = await takeIn({
    body: createReadStream(path, { highWaterMark: 1024 * 1024 }),
    kind: 'predictions',
    format: 'ndjson',
    encoding: 'identity',
    key: 'bench',
    writer: service.writer,
    clock: systemClock,
  });
  if (result.accepted !== rows) throw new AppError('E_BENCH', `${result.accepted} of ${rows} rows were stored.`);
}

/**
 * Sends bodies over one connection until none is left; an answer that does not accept every line ends the benchmark.
 * With node's own client: fetch copies a body several times, and it is not to be measured.
 */
async function client(url: string, bodies: Buffer[], lines: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
    const sent = request(`${url}/v1/predictions`, { method: 'POST', agent, headers: NDJSON });
    sent.end(body);
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    const said = answer === undefined ? '' : await text(answer);
    if (answer?.statusCode !== 200 || receiptSchema.parse(JSON.parse(said)).accepted !== lines) {
      throw new AppError('E_BENCH', `The service answered ${answer?.statusCode}: ${said.slice(0, 500)}`);
    }
  }
  agent.destroy();
}

function perRow(cpuSeconds: number, rows: number): number {
  return Math.round((cpuSeconds * 1e8) / rows) / 100;
}
