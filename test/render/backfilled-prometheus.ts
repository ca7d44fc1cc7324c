import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import { waitFor, whenClosed } from '../support/processes.ts';
import type { PrometheusQuestion, Series } from './browser/bridge.ts';

const SAMPLES = z.array(z.tuple([z.number(), z.string()]));
const ANSWER = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: SAMPLES.optional(),
        value: z.tuple([z.number(), z.string()]).optional(),
      }),
    ),
  }),
});

/** A real Prometheus with history. */
export interface BackfilledPrometheus {
  ask(question: PrometheusQuestion): Promise<readonly Series[]>;
  stop(): Promise<void>;
}

/**
 * Starts a Prometheus that holds the given OpenMetrics text.
 *
 * @throws Error when Prometheus is missing or does not start
 */
export async function startBackfilledPrometheus(folder: string, openMetrics: string): Promise<BackfilledPrometheus> {
  const promtool = requireTool('promtool');
  if (promtool === undefined) throw new Error('Prometheus is missing.');
  const [samples, blocks] = [join(folder, 'samples.txt'), join(folder, 'blocks')];
  writeFileSync(samples, openMetrics);
  execFileSync(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', samples, blocks], { stdio: 'ignore' });
  return startPrometheus(folder, blocks);
}

/**
 * Starts a Prometheus on the data folder of an earlier one, which it may change.
 *
 * @throws Error when Prometheus is missing or does not start
 */
export async function startPrometheus(folder: string, blocks: string): Promise<BackfilledPrometheus> {
  const prometheus = requireTool('prometheus');
  if (prometheus === undefined) throw new Error('Prometheus is missing.');
  const config = join(folder, 'prometheus.yaml');
  writeFileSync(config, 'global: {}\n');
  const port = await freePort();
  const child = spawn(
    prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${blocks}`,
      '--storage.tsdb.retention.time=100y',
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const url = `http://127.0.0.1:${port}`;
  await waitFor('Prometheus', async () =>
    (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true ? true : undefined,
  );
  return {
    ask: (question) => ask(url, question),
    stop: async () => {
      child.kill();
      await whenClosed(child);
    },
  };
}

async function ask(url: string, question: PrometheusQuestion): Promise<readonly Series[]> {
  const { expression, fromMs, toMs, stepMs, instant } = question;
  const parameters = instant
    ? { query: expression, time: String(toMs / 1000) }
    : { query: expression, start: String(fromMs / 1000), end: String(toMs / 1000), step: String(stepMs / 1000) };
  const response = await fetch(`${url}/api/v1/query${instant ? '' : '_range'}?${new URLSearchParams(parameters)}`);
  const body = await response.text();
  if (!response.ok) throw new Error(`${expression}: ${body}`);
  const { data } = ANSWER.parse(JSON.parse(body));
  return data.result.map(({ metric, values, value }) => ({
    labels: Object.fromEntries(Object.entries(metric).filter(([name]) => name !== '__name__')),
    points: (values ?? (value === undefined ? [] : [value])).map(
      ([time, text]) => [time * 1000, Number(text)] as const,
    ),
  }));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  return address.port;
}
