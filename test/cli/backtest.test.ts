import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { request } from '../support/client.ts';
import { runPlumbline, waitFor } from '../support/processes.ts';
import { ask, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
const T0 = Date.parse('2026-05-01T10:00:00Z');
const MINUTE = 60_000;
let path: string;

const rule = (alert: string, change: string): string => `alert: ${alert}
severity: critical
summary: "{{model}} at {{error_ratio}}"
runbook: ${alert}
actions: [page]
${change}
`;

beforeAll(async () => {
  path = yard.folder();
  mkdirSync(`${path}/rules`);
  yard.configure(path, {
    models: [{ name: 'tolerant', rules: { TooManyErrors: { error_ratio: 0.9 } } }],
    rules: [`${path}/rules/old.yaml`],
    evaluation: { interval: '1s' },
  });
  const when =
    'when:\n  all:\n    - { signal: error_ratio, above: 0.5 }\n    - { signal: requests_per_second, above: 0 }\n';
  writeFileSync(`${path}/rules/old.yaml`, rule('TooManyErrors', `for: 0s\n${when}`));
  writeFileSync(`${path}/rules/new.yaml`, rule('TooManyErrors', `for: 5m\n${when}`));
  const service = await yard.start(path);
  // Two bad stretches of model m, three and eight minutes; one of a model with a threshold of its own.
  const bad = (model: string, minute: number): boolean =>
    (minute >= 10 && minute < 13) || (minute >= 30 && minute < 38) || model === 'tolerant';
  const lines = ['m', 'tolerant'].flatMap((model) =>
    Array.from({ length: 60 }, (_, minute) =>
      [0, 1, 2, 3].map((index) =>
        JSON.stringify({
          prediction_id: `${model}-${minute}-${index}`,
          ts: T0 + minute * MINUTE + index,
          model,
          status: bad(model, minute) && index < 3 ? 'error' : 'ok',
        }),
      ),
    ).flat(),
  );
  // Four a minute from an hour before on, one from minute 20 on.
  const faded = Array.from({ length: 120 }, (_, minute) =>
    [0, 1, 2, 3].slice(minute < 80 ? 0 : 3).map((index) =>
      JSON.stringify({
        prediction_id: `faded-${minute}-${index}`,
        ts: T0 + (minute - 60) * MINUTE + index,
        model: 'faded',
        status: 'ok',
      }),
    ),
  ).flat();
  const sent = await request(`${service.url}/v1/predictions`, {
    body: [...lines, ...faded].join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  });
  expect(sent.receipt().accepted).toBe(840);
  await waitFor('the signals of the hour', async () => {
    const sql = "SELECT count() AS n FROM signals FINAL WHERE signal = 'error_ratio' AND version = ''";
    const [row] = await ask(path, z.object({ n: z.number() }), sql);
    return (row?.n ?? 0) >= 240 ? true : undefined;
  });
  await yard.stop(service);
}, 180_000);
afterAll(async () => {
  await yard.end();
});

const range = ['--from', '2026-05-01T10:00:00Z', '--to', '2026-05-01T11:00:00Z'];
const run = (...args: readonly string[]) => runPlumbline(['backtest', ...args, '--config', `${path}/plumbline.yaml`]);

test('backtest says which pages a rule loses against another, and how long they were', {
  timeout: 180_000,
}, async () => {
  const both = ['--rules', `${path}/rules/new.yaml`, '--against', `${path}/rules/old.yaml`];
  const compared = await run(...both, ...range, '--format', 'json', '--fail-on', 'lost');
  expect(compared.stderr).toBe('');
  expect(compared.code).toBe(1);
  expect(JSON.parse(compared.stdout)).toMatchObject({
    from: '2026-05-01T10:00Z',
    rules: { fired: 1, pages: 1, pages_per_week: 168, alerts: [{ alert: 'TooManyErrors', fired: 1, minutes: 3 }] },
    against: {
      fired: 2,
      episodes: [
        { from: '2026-05-01T10:10Z', minutes: 3 },
        { from: '2026-05-01T10:30Z', minutes: 8 },
      ],
    },
    gained: [],
    lost: [{ scope: 'm', from: '2026-05-01T10:10Z', to: '2026-05-01T10:13Z', summary: 'm at 75%', resolved: true }],
    kept: 1,
  });
  const alone = await run('--rules', `${path}/rules/old.yaml`, ...range);
  expect(alone.code).toBe(0);
  expect(alone.stdout).toMatch(/TooManyErrors +2 +336\.00 +11 +2\n/);
  expect(alone.stdout).toContain('2026-05-01T10:30Z .. 2026-05-01T10:38Z  TooManyErrors m  8 min  m at 75%');
});

test('backtest knows the peak of the hours before its range', { timeout: 180_000 }, async () => {
  const farBelow = 'below: { baseline: trailing-max, window: 12h, times: 0.3 }';
  writeFileSync(`${path}/rules/faded.yaml`, rule('Faded', `when: { signal: requests_per_second, ${farBelow} }`));
  const { code, stdout } = await run('--rules', `${path}/rules/faded.yaml`, ...range);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Faded +1 +168\.00 +40 +1\n/);
  expect(stdout).toContain('2026-05-01T10:20Z .. ');
});

test('backtest refuses what is not a time, an empty range and a rule that is wrong', { timeout: 180_000 }, async () => {
  writeFileSync(`${path}/rules/wrong.yaml`, rule('Wrong', 'when: { signal: eror_ratio, above: 1 }'));
  const [time, empty, wrong, alone, unstored] = await Promise.all([
    run('--rules', `${path}/rules/old.yaml`, '--from', 'soon', '--to', '2026-05-01'),
    run('--rules', `${path}/rules/old.yaml`, '--from', '2026-05-02', '--to', '2026-05-01'),
    run('--rules', `${path}/rules/wrong.yaml`, ...range),
    run('--rules', `${path}/rules/old.yaml`, ...range, '--fail-on', 'lost'),
    run('--rules', `${path}/rules/old.yaml`, '--from', '1999-05-01', '--to', '1999-05-02'),
  ]);
  expect([time.code, empty.code, wrong.code, alone.code, unstored.code]).toEqual([2, 2, 2, 2, 2]);
  expect(unstored.stderr).toContain('None of the signals that the rules read is stored between --from and --to.');
  expect(time.stderr).toBe('plumbline: --from must be a time such as 2026-05-01T10:00:00Z, not soon.\n');
  expect(empty.stderr).toBe('plumbline: --to must be later than --from.\n');
  expect(wrong.stderr).toContain('when.signal: there is no signal "eror_ratio"; the closest is error_ratio.');
  expect(alone.stderr).toContain('--against');
});
