import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import { findFreePort } from '../../src/store/engine/free-port.ts';
import { compilePrometheusRules } from '../../src/alerting/compile-prometheus.ts';
import { loadRules } from '../../src/alerting/load-rules.ts';
import { readRuleFiles } from '../../src/alerting/read-rule-files.ts';
import { systemClock } from '../../src/core/clock.ts';
import { alertmanagerSettings, createAlertmanagerNotifier } from '../../src/notify/alertmanager.ts';
import { messageOf } from '../notify/messages.ts';
import { type Receiver, startReceiver } from '../notify/receiver.ts';
import { whenReady, waitFor, whenClosed } from '../support/processes.ts';

const prometheus = requireTool('prometheus');
const alertmanager = requireTool('alertmanager');
const KEY = '0123456789abcdef0123456789abcdef';

let folder: string;
let pagerduty: Receiver;
let exporter: Server;
let exporterPort: number;
let isBad = false;
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-chain-'));
  pagerduty = await startReceiver();
  exporter = createServer((_request, response) => {
    const series = {
      plumbline_gpu_utilization_ratio: isBad ? 0.95 : 0.4,
      plumbline_latency_p99_seconds: isBad ? 0.46 : 0.1,
      plumbline_slo_latency_p99_seconds: 0.2,
      plumbline_requests_per_second: 50,
    };
    const lines = Object.entries(series).map(([name, value]) => `${name}{model="m"} ${value}\n`);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(lines.join(''));
  });
  exporterPort = await listen(exporter);
});
afterAll(async () => {
  for (const child of children) {
    const closed = whenClosed(child);
    child.kill('SIGKILL');
    await closed;
  }
  exporter.closeAllConnections();
  exporter.close();
  await pagerduty.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return z.object({ port: z.number() }).parse(server.address()).port;
}

async function startAlertmanager(path: string): Promise<string> {
  const port = await findFreePort();
  const config = `global:
  resolve_timeout: 5m
route:
  receiver: pagerduty
  group_by: [alertname, model]
  group_wait: 100ms
  group_interval: 1s
receivers:
  - name: pagerduty
    pagerduty_configs:
      - routing_key: ${KEY}
        url: ${pagerduty.url}/v2/enqueue
        send_resolved: true
`;
  writeFileSync(`${folder}/alertmanager.yml`, config);
  start(path, [
    `--config.file=${folder}/alertmanager.yml`,
    `--storage.path=${folder}/alertmanager`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  await whenReady(`http://127.0.0.1:${port}/-/ready`);
  return `127.0.0.1:${port}`;
}

async function startPrometheus(path: string, alertmanagerAddress: string): Promise<void> {
  const { rules } = loadRules(await readRuleFiles(['alerts']));
  // The pack's own rules, but in seconds instead of minutes.
  const quick = rules.map((rule) => ({ ...rule, forMs: 1000, keepFiringForMs: 1000 }));
  writeFileSync(`${folder}/rules.yaml`, compilePrometheusRules(quick));
  const config = `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [${folder}/rules.yaml]
scrape_configs:
  - job_name: plumbline
    honor_labels: true
    static_configs: [{ targets: ['127.0.0.1:${exporterPort}'] }]
alerting:
  alertmanagers: [{ static_configs: [{ targets: ['${alertmanagerAddress}'] }] }]
`;
  writeFileSync(`${folder}/prometheus.yml`, config);
  const port = await findFreePort();
  start(path, [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/prometheus`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--rules.alert.resend-delay=1s',
  ]);
  await whenReady(`http://127.0.0.1:${port}/-/ready`);
}

function start(path: string, args: readonly string[]): void {
  children.push(spawn(path, [...args], { stdio: 'ignore' }));
}

const eventSchema = z.looseObject({
  event_action: z.string(),
  dedup_key: z.string(),
  payload: z.looseObject({ summary: z.string() }).optional(),
});

/** The events about one alert. */
const eventsOf = (alert: string) => {
  const events = pagerduty.received.map(({ body }) => eventSchema.parse(body));
  const keys = new Set(
    events.flatMap(({ payload, dedup_key }) => (payload?.summary.includes(alert) === true ? [dedup_key] : [])),
  );
  return events.filter(({ dedup_key }) => keys.has(dedup_key));
};

test.skipIf(prometheus === undefined || alertmanager === undefined)(
  'generated rules page through a real Prometheus and Alertmanager and are taken back under one dedup_key',
  { timeout: 180_000 },
  async () => {
    const address = await startAlertmanager(alertmanager ?? '');
    await startPrometheus(prometheus ?? '', address);
    const alert = 'GpuSaturatedAndLatencySloBreached';
    expect(eventsOf(alert)).toEqual([]);
    isBad = true;
    const crossed = performance.now();
    await waitFor('the trigger', () => (eventsOf(alert).length > 0 ? true : undefined), 90_000);
    const seconds = (performance.now() - crossed) / 1000;
    process.stdout.write(`Prometheus and Alertmanager: ${seconds.toFixed(1)} s from threshold to event\n`);
    isBad = false;
    await waitFor(
      'the resolve',
      () => (eventsOf(alert).some(({ event_action }) => event_action === 'resolve') ? true : undefined),
      90_000,
    );
    const events = eventsOf(alert);
    expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(1);
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);

    // What Plumbline pushes itself goes the same way.
    const settings = alertmanagerSettings.parse({ url: `http://${address}` });
    const notifier = createAlertmanagerNotifier({ settings, fetch, clock: systemClock });
    const pushed = messageOf({ alert: 'PushedByPlumbline', atMs: Date.now() - 60_000 });
    const never = new AbortController().signal;
    expect(await notifier.deliver(pushed, never)).toEqual({ ok: true });
    expect(await notifier.deliver(pushed, never)).toEqual({ ok: true });
    await waitFor('the pushed trigger', () => (eventsOf(pushed.alert).length > 0 ? true : undefined), 60_000);
    expect(await notifier.deliver({ ...pushed, action: 'resolve' }, never)).toEqual({ ok: true });
    await waitFor('the pushed resolve', () => (eventsOf(pushed.alert).length > 1 ? true : undefined), 60_000);
    expect(eventsOf(pushed.alert).map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
  },
);
