import { AppError } from '../../src/core/errors.ts';
import { NDJSON, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import type { Bench } from './bench.ts';
import { benchLine, usageOf } from './ingest-records.ts';

const CLIENTS = 4;
const LINES = 5000;
const START_MS = Date.parse('2026-06-01T00:00:00Z');

/** Predictions over HTTP into a service with its own engine; clients, service and engine share the machine. */
export const httpIngestBench: Bench = {
  name: 'http-ingest',
  describe: '500-byte predictions with 10 features over HTTP as NDJSON, 5000 a request. Argument: rows.',
  run: async ([rowsText]) => {
    const rows = Number(rowsText ?? 300_000);
    if (!Number.isInteger(rows) || rows < LINES)
      throw new AppError('E_USAGE', `Rows must be a number from ${LINES} on.`);
    const bodies = Array.from({ length: Math.floor(rows / LINES) }, (_, body) =>
      Array.from({ length: LINES }, (_line, index) => benchLine(body * LINES + index, START_MS)).join('\n'),
    );
    const service = await startInProcess();
    try {
      const enginePid = service.enginePid ?? process.pid;
      const before = { node: usageOf(process.pid), engine: usageOf(enginePid) };
      const startMs = performance.now();
      const sent = bodies.length * LINES;
      await Promise.all(Array.from({ length: CLIENTS }, () => client(service.url, bodies)));
      const seconds = (performance.now() - startMs) / 1000;
      const after = { node: usageOf(process.pid), engine: usageOf(enginePid) };
      const figures = {
        bench: 'http-ingest',
        rows: sent,
        seconds: Math.round(seconds * 100) / 100,
        rows_per_second: Math.round(sent / seconds),
        client_and_node_cpu_us_per_row: perRow(after.node.cpuSeconds - before.node.cpuSeconds, sent),
        engine_cpu_us_per_row: perRow(after.engine.cpuSeconds - before.engine.cpuSeconds, sent),
        node_rss_start_mb: Math.round(before.node.rssBytes / 1e6),
        node_rss_end_mb: Math.round(after.node.rssBytes / 1e6),
      };
      process.stdout.write(`${JSON.stringify(figures)}\n`);
    } finally {
      await service.stop();
    }
  },
};

/** Sends bodies until none is left; an answer that does not accept every line ends the benchmark. */
async function client(url: string, bodies: string[]): Promise<void> {
  for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) {
    const answer = await request(`${url}/v1/predictions`, { body, headers: NDJSON });
    if (answer.status !== 200 || answer.receipt().accepted !== LINES) {
      throw new AppError('E_BENCH', `The service answered ${answer.status}: ${answer.text.slice(0, 500)}`);
    }
  }
}

function perRow(cpuSeconds: number, rows: number): number {
  return Math.round((cpuSeconds * 1e8) / rows) / 100;
}
