import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { runPlumbline } from '../support/processes.ts';
import { type ServiceProcess, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
let path: string;
let service: ServiceProcess;
beforeAll(async () => {
  path = yard.folder();
  service = await yard.start(path);
});
afterAll(async () => {
  await yard.end();
});

test('plumbline reference sets, lists and shows', { timeout: 180_000 }, async () => {
  const body = Array.from({ length: 30 }, (_, index) => predictionLine(`referred-${index}`)).join('\n');
  expect((await request(`${service.url}/v1/predictions`, { body, headers: NDJSON })).receipt().accepted).toBe(30);
  const run = (...args: readonly string[]) => runPlumbline(['reference', ...args, '--url', service.url]);
  const fixed = await run('set', 'late-flights', '--from', '2026-05-01T10:00:00Z', '--to', '2026-05-01T11:00:00Z');
  expect(fixed.stderr).toBe('');
  expect(fixed.code).toBe(0);
  expect(JSON.parse(fixed.stdout)).toMatchObject({
    model: 'late-flights',
    reference_version: 1,
    kind: 'fixed',
    from: '2026-05-01T10:00:00.000Z',
  });
  const trailing = await run('set', 'late-flights', '--kind', 'trailing', '--window', '2d');
  expect(JSON.parse(trailing.stdout)).toMatchObject({ reference_version: 2, kind: 'trailing' });
  const [list, show, none, empty, unknown] = await Promise.all([
    run('list'),
    run('show', 'late-flights'),
    run('show', 'nobody'),
    run('set', 'late-flights', '--from', '1999-01-01T00:00:00Z', '--to', '1999-01-02T00:00:00Z'),
    run('set', 'late-flights'),
  ]);
  expect(list.stdout).toContain('"late-flights"');
  expect(
    show.stdout
      .trim()
      .split('\n')
      .map((line) => z.object({ reference_version: z.number() }).parse(JSON.parse(line)).reference_version),
  ).toEqual([2, 1]);
  expect({ code: none.code, stdout: none.stdout }).toEqual({ code: 1, stdout: '' });
  expect(empty.code).toBe(2);
  expect(empty.stderr).toMatch(/^plumbline: There are no predictions of late-flights between 1999-01-01/);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toBe('plumbline: A fixed reference needs --from and --to.\n');
});

test('plumbline judge says whether a canary may go on, and exits 0 for a clear yes only', async () => {
  const model = 'judged';
  const body = Array.from({ length: 600 }, (_, index) => {
    const version = String(1 + (index % 3));
    const status = version === '3' && index % 2 === 0 ? 'error' : 'ok';
    const ts = new Date(Date.parse('2026-05-01T10:00:00Z') + index * 1000).toISOString();
    const features = { size: index % 50 };
    return JSON.stringify({ prediction_id: `judged-${index}`, ts, model, version, status, latency_ms: 10, features });
  }).join('\n');
  expect((await request(`${service.url}/v1/predictions`, { body, headers: NDJSON })).receipt().accepted).toBe(600);
  const judge = (canary: string, ...more: readonly string[]) =>
    runPlumbline([
      'judge',
      '--model',
      model,
      '--baseline',
      '1',
      '--canary',
      canary,
      '--to',
      '2026-05-01T10:10:00Z',
      '--url',
      service.url,
      ...more,
    ]);
  const [good, bad, early, wrong] = await Promise.all([
    judge('2'),
    judge('3', '--format', 'table'),
    judge('2', '--sequential'),
    judge('1'),
  ]);
  expect(good.stderr).toBe('');
  expect(JSON.parse(good.stdout)).toMatchObject({ verdict: 'pass', samples: 400, canary: { predictions: 200 } });
  expect(good.code).toBe(0);
  expect(bad.stdout).toMatch(/^fail: .*\n {2}error_ratio +fail +critical +50\.00 % of the predictions failed/);
  expect(bad.code).toBe(1);
  expect(JSON.parse(early.stdout)).toMatchObject({ verdict: 'inconclusive' });
  expect(early.code).toBe(1);
  expect(wrong).toMatchObject({ code: 2, stderr: 'plumbline: Baseline and canary are both version 1.\n' });
});

test('plumbline check and migrate speak of the configuration, the rules and the database', {
  timeout: 180_000,
}, async () => {
  const config = `${path}/plumbline.yaml`;
  const own = yard.folder();
  const dead = yard.folder({ clickhouse: { url: 'http://127.0.0.1:9' } });
  const wrong = yard.folder();
  writeFileSync(`${wrong}/plumbline.yaml`, 'server: { prot: 1 }\n');
  const [beside, alone, deadCheck, deadServe, migrate, mistaken] = await Promise.all([
    runPlumbline(['check', '--config', config]),
    runPlumbline(['migrate', '--config', `${own}/plumbline.yaml`]),
    runPlumbline(['check', '--config', `${dead}/plumbline.yaml`]),
    runPlumbline(['serve', '--config', `${dead}/plumbline.yaml`]),
    runPlumbline(['migrate', '--config', config]),
    runPlumbline(['check', '--config', `${wrong}/plumbline.yaml`]),
  ]);
  expect(beside.code).toBe(0);
  expect(beside.stdout).toMatch(
    /ok {2}configuration: 0 models\nok {2}rules: [1-9]\d*\n(.*\n)*ok {2}database: embedded\n$/,
  );
  expect(alone.code).toBe(0);
  expect(alone.stdout).toBe(`The schema of database plumbline on the embedded engine in ${own}/data is up to date.\n`);
  expect(migrate.code).toBe(0);
  expect(deadCheck.code).toBe(1);
  expect(deadCheck.stdout).toMatch(/^NO {2}database: .*ECONNREFUSED/m);
  expect(deadServe.code).toBe(3);
  expect(deadServe.stderr).toMatch(/^plumbline: .*ECONNREFUSED.*\.$/m);
  expect(mistaken.code).toBe(2);
  expect(mistaken.stderr).toMatch(
    /^plumbline: .*plumbline\.yaml: server has the unknown key "prot"; allowed: host, port, .*\.\n$/,
  );
  expect(existsSync(`${own}/data/engine`)).toBe(true);
});
