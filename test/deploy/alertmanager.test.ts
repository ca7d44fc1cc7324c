import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTool } from '../../scripts/real-components.ts';

const FILE = 'deploy/alertmanager/alertmanager.yml';
const ROUTING_KEY = 'alertmanagertest0000000000000000';
const amtool = requireTool('amtool');
const alertmanager = requireTool('alertmanager');

test.skipIf(amtool === undefined)(
  `amtool accepts the configuration ${amtool === undefined ? '(NOT RUN: amtool is missing)' : ''}`,
  () => {
    expect(execFileSync(amtool ?? '', ['check-config', FILE], { encoding: 'utf8' })).toContain('SUCCESS');
  },
);

describe.skipIf(alertmanager === undefined)(
  `a running Alertmanager ${alertmanager === undefined ? '(NOT RUN: alertmanager is missing)' : ''}`,
  () => {
    let folder: string;
    let pagerDuty: Server;
    let child: ChildProcess;
    let url: string;
    let onEvent: (event: unknown) => void = () => {};

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'plumbline-alertmanager-'));
      pagerDuty = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        request.on('end', () => {
          response.writeHead(202).end('{"status":"success"}');
          onEvent(JSON.parse(body));
        });
      });
      await new Promise<void>((resolve) => pagerDuty.listen(0, '127.0.0.1', resolve));
      const address = pagerDuty.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      writeFileSync(join(folder, 'key'), `${ROUTING_KEY}\n`);
      const text = readFileSync(FILE, 'utf8')
        .replace('global:', `global:\n  pagerduty_url: http://127.0.0.1:${port}/v2/enqueue`)
        .replace('/run/secrets/pagerduty_routing_key', join(folder, 'key'))
        .replace('group_wait: 15s', 'group_wait: 100ms');
      writeFileSync(join(folder, 'alertmanager.yml'), text);
      child = spawn(alertmanager ?? '', [
        `--config.file=${folder}/alertmanager.yml`,
        `--storage.path=${folder}/data`,
        '--web.listen-address=127.0.0.1:0',
        '--cluster.listen-address=',
      ]);
      url = await new Promise<string>((resolve, reject) => {
        let log = '';
        child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
          log += chunk;
          const found = /Listening on"? address=(\S+)/.exec(log)?.[1];
          if (found !== undefined) resolve(`http://${found}`);
        });
        child.once('exit', () => reject(new Error(log)));
      });
    });

    afterAll(async () => {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      pagerDuty.closeAllConnections();
      pagerDuty.close();
      rmSync(folder, { recursive: true, force: true });
    });

    async function firing(alerts: readonly Readonly<Record<string, string>>[]): Promise<unknown> {
      const event = new Promise<unknown>((resolve) => {
        onEvent = resolve;
      });
      const body = alerts.map((labels) => ({
        labels,
        annotations: {
          summary: `${labels['model']}: ${labels['alertname']}`,
          runbook_url: 'https://runbooks.example/it',
        },
      }));
      const response = await fetch(`${url}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(response.status).toBe(200);
      return event;
    }

    test('pages with the summary, the model and the runbook of an alert', async () => {
      expect(await firing([{ alertname: 'Slow', model: 'ranker', severity: 'critical' }])).toMatchObject({
        routing_key: ROUTING_KEY,
        event_action: 'trigger',
        payload: {
          summary: 'ranker: Slow',
          severity: 'critical',
          component: 'ranker',
          custom_details: { runbook: 'https://runbooks.example/it' },
        },
      });
    });

    test('tells in one page what happens to one model', async () => {
      const event = await firing([
        { alertname: 'Drifts', model: 'scorer', severity: 'warning' },
        { alertname: 'Errs', model: 'scorer', severity: 'warning' },
      ]);
      expect(event).toMatchObject({
        payload: { summary: expect.stringMatching(/^scorer: \w+ \(and 1 more\)$/), severity: 'warning' },
      });
    });
  },
);
