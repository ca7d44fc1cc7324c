import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { requireTool } from '../../../scripts/real-components.ts';
import { compilePrometheusRules } from '../../../src/alerting/compile-prometheus.ts';
import type { Rule } from '../../../src/alerting/rule.ts';
import { findFreePort } from '../../../src/store/engine/free-port.ts';
import { whenClosed, whenReady } from '../../support/processes.ts';

export interface PrometheusChain {
  stop(): Promise<void>;
}

/**
 * Starts a Prometheus that scrapes a service and an Alertmanager behind it, with the settings of `deploy/` in all that
 * takes time. Undefined when one of them is not installed.
 */
export async function startPrometheusChain(options: {
  readonly rules: readonly Rule[];
  readonly plumbline: string;
  /** Address of the Events API. */
  readonly pagerduty: string;
}): Promise<PrometheusChain | undefined> {
  const [prometheus, alertmanager] = [requireTool('prometheus'), requireTool('alertmanager')];
  if (prometheus === undefined || alertmanager === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-chain-'));
  const children: ChildProcess[] = [];
  const [prometheusPort, alertmanagerPort] = [await findFreePort(), await findFreePort()];
  writeFileSync(`${folder}/rules.yaml`, compilePrometheusRules(options.rules));
  writeFileSync(`${folder}/alertmanager.yml`, alertmanagerFile(options.pagerduty));
  const host = new URL(options.plumbline).host;
  writeFileSync(`${folder}/prometheus.yml`, prometheusFile({ folder, host, alertmanagerPort }));
  const start = async (path: string, port: number, args: readonly string[]): Promise<void> => {
    children.push(spawn(path, [...args, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' }));
    await whenReady(`http://127.0.0.1:${port}/-/ready`);
  };
  await start(alertmanager, alertmanagerPort, [
    `--config.file=${folder}/alertmanager.yml`,
    `--storage.path=${folder}/alertmanager`,
    '--cluster.listen-address=',
  ]);
  await start(prometheus, prometheusPort, [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/prometheus`,
  ]);
  return {
    stop: async () => {
      for (const child of children) {
        const closed = whenClosed(child);
        child.kill('SIGKILL');
        await closed;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function prometheusFile(places: {
  readonly folder: string;
  readonly host: string;
  readonly alertmanagerPort: number;
}): string {
  const document = parseDocument(readFileSync('deploy/prometheus/prometheus.yml', 'utf8'));
  document.setIn(['rule_files'], [`${places.folder}/rules.yaml`]);
  document.setIn(
    ['alerting', 'alertmanagers', 0, 'static_configs', 0, 'targets'],
    [`127.0.0.1:${places.alertmanagerPort}`],
  );
  document.deleteIn(['scrape_configs', 0, 'authorization']);
  document.setIn(['scrape_configs', 0, 'static_configs', 0, 'targets'], [places.host]);
  return document.toString();
}

/** Every alert is a page of its own, so that each can be timed. */
function alertmanagerFile(pagerduty: string): string {
  const document = parseDocument(readFileSync('deploy/alertmanager/alertmanager.yml', 'utf8'));
  document.setIn(['route', 'group_by'], ['alertname', 'model']);
  const receiver = ['receivers', 1, 'pagerduty_configs', 0];
  document.deleteIn([...receiver, 'routing_key_file']);
  document.setIn([...receiver, 'routing_key'], '0123456789abcdef0123456789abcdef');
  document.setIn([...receiver, 'url'], `${pagerduty}/v2/enqueue`);
  return document.toString();
}
