import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { z } from 'zod';
import type { ConfigInput } from '../../src/config/schema.ts';
import { attachToEngine } from '../../src/store/engine/embedded-engine.ts';
import { isAlive, type ProcessIdentity, readIdentity } from '../../src/store/engine/process-identity.ts';
import { type Exit, isRunning, spawnPlumbline, waitFor, whenClosed } from './processes.ts';

/** A real `plumbline serve` in a process of its own, on a data folder that outlives it. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  readonly closed: Promise<Exit>;
  /** The log lines written so far. */
  log(): readonly Readonly<Record<string, unknown>>[];
  /** The engine's process; another one after a restart. */
  enginePid(): number;
  kill(signal: NodeJS.Signals): void;
}

const STOP_MS = 120_000;
const logLine = z.record(z.string(), z.unknown());

/** Owns temporary data folders and the services on them; `end` kills and removes all of them. */
export class ServiceYard {
  readonly #folders: string[] = [];
  readonly #children = new Set<ChildProcess>();

  /** Makes a data folder with a configuration file beside the data. */
  folder(config: ConfigInput = {}): string {
    const path = mkdtempSync(join(tmpdir(), 'plumbline-service-'));
    this.#folders.push(path);
    this.configure(path, config);
    return path;
  }

  configure(path: string, config: ConfigInput): void {
    const { server, clickhouse, ...rest } = config;
    const whole: ConfigInput = {
      ...rest,
      server: { port: 0, ...server },
      clickhouse: { path: `${path}/data`, memory_bytes: 2_000_000_000, ...clickhouse },
    };
    writeFileSync(`${path}/plumbline.yaml`, JSON.stringify(whole));
  }

  /** Starts the service on a folder and resolves when it listens. */
  async start(path: string, env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const child = spawnPlumbline(['serve', '--config', `${path}/plumbline.yaml`], { env });
    this.#children.add(child);
    const lines: Record<string, unknown>[] = [];
    let rest = '';
    let other = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      const parts = `${rest}${chunk.toString('utf8')}`.split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const line = parseLine(part);
        if (line === undefined) other += `${part}\n`;
        else lines.push(line);
      }
    });
    const closed = whenClosed(child);
    void closed.then(() => this.#children.delete(child));
    const url = await waitFor('the service to listen', () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`The service ended at once: ${other}${rest}`);
      const started = lines.find((line) => line['event'] === 'service_started')?.['url'];
      return typeof started === 'string' ? started : undefined;
    });
    if (child.pid === undefined) throw new Error('The service has no process.');
    return {
      url,
      pid: child.pid,
      closed,
      log: () => lines,
      enginePid: () => enginePid(path),
      kill: (signal) => {
        child.kill(signal);
      },
    };
  }

  /**
   * Stops a service with SIGTERM and returns how it ended.
   *
   * @throws Error with the end of its log when it still runs after two minutes
   */
  async stop(service: ServiceProcess): Promise<Exit> {
    service.kill('SIGTERM');
    const timeout = new AbortController();
    const late = delay(STOP_MS, undefined, { signal: timeout.signal }).then(() => {
      const last = service.log().slice(-10);
      throw new Error(`The service did not end within ${STOP_MS} ms of SIGTERM: ${JSON.stringify(last)}`);
    });
    try {
      return await Promise.race([service.closed, late]);
    } finally {
      timeout.abort();
      late.catch(() => {});
    }
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      const closed = whenClosed(child);
      child.kill('SIGKILL');
      await closed;
    }
    for (const path of this.#folders) {
      await endEngine(path);
      rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
  }
}

/** Runs SQL on the engine of a running service's folder, beside the service. */
export async function ask<T>(path: string, row: z.ZodType<T>, sql: string): Promise<readonly T[]> {
  const endpoint = attachToEngine(`${path}/data`);
  if (endpoint === undefined) throw new Error(`No engine runs on ${path}.`);
  const client = createClient({
    ...endpoint,
    database: 'plumbline',
    keep_alive: { enabled: false },
    log: { level: ClickHouseLogLevel.OFF },
  });
  try {
    const result = await client.query({
      query: sql,
      format: 'JSONEachRow',
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    });
    return z.array(row).parse(await result.json());
  } finally {
    await client.close();
  }
}

/** Returns the process of the engine on a service's folder. */
export function enginePid(path: string): number {
  const engine = engineOf(path);
  if (engine === undefined) throw new Error(`No engine was started on ${path}.`);
  return engine.pid;
}

async function endEngine(path: string): Promise<void> {
  const engine = engineOf(path);
  if (engine === undefined || !isAlive(engine)) return;
  process.kill(engine.pid, 'SIGKILL');
  await waitFor('the engine to end', () => (isRunning(engine.pid) ? undefined : true));
}

function engineOf(path: string): ProcessIdentity | undefined {
  return readIdentity(`${path}/data/engine-process.json`);
}

function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    return logLine.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
