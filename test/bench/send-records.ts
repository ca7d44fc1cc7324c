import { once } from 'node:events';
import { appendFileSync, createReadStream } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { takeIn } from '../../src/collectors/http/intake.ts';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { NDJSON } from '../support/client.ts';
import { benchLine, usageOf } from './ingest-records.ts';

/** A batch costs much whatever it holds, so as many requests are on their way as fill one for each core. */
export const CLIENTS = 24;
export const LINES = 20_000;
/** Time of the first record. */
export const START_MS = Date.parse('2026-06-01T00:00:00Z');

const NEWLINE = Buffer.from('\n');
const receiptSchema = z.object({ accepted: z.number() });

export interface Request {
  readonly body: Buffer;
  readonly lines: number;
  /** Tells a body from the same body sent before; without one the body itself does. */
  readonly key?: string;
}

/** Returns `count` bodies of so many different predictions each. */
export function bodiesOf(count: number, lines: number, features: 10 | 25): readonly Buffer[] {
  const line = (number: number): string => benchLine(number, START_MS, features);
  return Array.from({ length: count }, (_, body) =>
    Buffer.from(Array.from({ length: lines }, (_line, index) => line(body * lines + index)).join('\n')),
  );
}

/** Sends requests over so many connections until there are no more of them. */
export async function sendAll(url: string, requests: Iterator<Request>, clients: number): Promise<void> {
  await Promise.all(Array.from({ length: clients }, () => client(url, requests)));
}

/** Takes a file of predictions in; returns when all is stored. */
export async function takeFile(service: Service, path: string, rows: number): Promise<void> {
  const result = await takeIn({
    body: createReadStream(path, { highWaterMark: 1024 * 1024 }),
    kind: 'predictions',
    format: 'ndjson',
    encoding: 'identity',
    key: path,
    writer: service.writer,
    clock: systemClock,
  });
  if (result.accepted !== rows) throw new AppError('E_BENCH', `${result.accepted} of ${rows} rows were stored.`);
}

/** Writes bodies one after the other. */
export function writeFileOf(path: string, bodies: readonly Buffer[]): void {
  for (const body of bodies) appendFileSync(path, Buffer.concat([body, NEWLINE]));
}

/** Runs one way of ingest, which returns its rows; prints its figures and returns its rows a second. */
export async function measure(
  bench: string,
  name: string,
  service: Service,
  ingest: () => Promise<number>,
): Promise<number> {
  const enginePid = service.enginePid ?? process.pid;
  const before = { node: usageOf(process.pid), engine: usageOf(enginePid) };
  const startMs = performance.now();
  const rows = await ingest();
  const seconds = (performance.now() - startMs) / 1000;
  const after = { node: usageOf(process.pid), engine: usageOf(enginePid) };
  const figures = {
    bench,
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
  return rows / seconds;
}

/**
 * Sends over one connection; an answer that does not accept every line ends the benchmark. With node's own client: fetch
 * copies a body several times, and it is not to be measured.
 */
async function client(url: string, requests: Iterator<Request>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let next = requests.next(); next.done !== true; next = requests.next()) {
    const { body, lines, key } = next.value;
    const headers = key === undefined ? NDJSON : { ...NDJSON, 'idempotency-key': key };
    const sent = request(`${url}/v1/predictions`, { method: 'POST', agent, headers });
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
