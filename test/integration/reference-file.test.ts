import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Service } from '../../src/app.ts';
import { NDJSON, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';
import { runPlumbline } from '../support/processes.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-02T00:00:00Z');
let service: Service;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-reference-'));
  service = await startInProcess();
});
afterAll(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Amounts 1..100 in turn, and countries: training data has US and DE, the service is asked about CH as well. */
function csv(rows: number): string {
  const lines = Array.from(
    { length: rows },
    (_, i) =>
      `${new Date(START - 30 * HOUR + i * 10_000).toISOString()},${1 + ((i * 37) % 100)},${i % 3 === 0 ? 'DE' : 'US'}`,
  );
  return ['ts,amount,country', ...lines].join('\n');
}

function predictions(hour: number, more: (i: number) => Readonly<Record<string, unknown>>): string {
  return Array.from({ length: 300 }, (_, i) =>
    JSON.stringify({
      prediction_id: `p-${hour}-${i}`,
      ts: START + hour * HOUR + i * 12_000,
      model: 'loans',
      features: { amount: 1 + ((i * 37) % 100), country: i % 3 === 0 ? 'DE' : 'US', ...more(i) },
    }),
  ).join('\n');
}

const answer = z.looseObject({ kind: z.string(), rows: z.number(), reference_version: z.number() });
const resultSchema = z.object({ feature: z.string(), level: z.string(), n: z.number(), unseen: z.number() });

async function judged(hour: number) {
  await service.schedule.judgeClosed(service.schedule.planOf('loans'), { fromMs: START, toMs: START + 3 * HOUR });
  const rows = await service.store.rows({
    name: 'test',
    sql: `SELECT feature, level, n_reference AS n, unseen FROM drift_results FINAL WHERE model = 'loans' AND final = 1 AND window_from = toDateTime(${(START + hour * HOUR) / 1000}) ORDER BY feature`,
  });
  return new Map(
    z
      .array(resultSchema)
      .parse(rows)
      .map((row) => [row.feature, row]),
  );
}

describe('a reference from a file', () => {
  test('set over a running service is what windows are judged by, and counts as no traffic', async () => {
    const body = [
      predictions(0, () => ({})),
      predictions(1, (i) => (i % 5 === 0 ? { country: 'CH' } : {})),
      predictions(2, (i) => ({ amount: 51 + (i % 50) })),
    ].join('\n');
    const sent = await request(`${service.url}/v1/predictions`, { body, headers: NDJSON });
    expect(sent.receipt().accepted).toBe(900);
    const file = join(folder, 'training.csv');
    writeFileSync(file, csv(2160));
    const done = await runPlumbline(['reference', 'set', 'loans', '--file', file, '--url', service.url]);
    expect(done.stderr).toBe('');
    expect(done.code).toBe(0);
    expect(answer.parse(JSON.parse(done.stdout))).toMatchObject({
      kind: 'file',
      rows: 2160,
      reference_version: 1,
      rejected: 0,
      from: '2026-02-28T18:00:00.000Z',
    });
    expect(await judged(0)).toEqual(
      new Map(['amount', 'country'].map((feature) => [feature, { feature, level: 'stable', n: 2160, unseen: 0 }])),
    );
    const foreign = (await judged(1)).get('country');
    expect(foreign?.unseen).toBeCloseTo(0.2, 5);
    expect(['moderate', 'major']).toContain(foreign?.level);
    expect((await judged(2)).get('amount')?.level).toBe('major');
    const models = z
      .array(z.looseObject({ model: z.string(), predictions: z.number() }))
      .parse((await request(`${service.url}/v1/models`)).json());
    expect(models).toEqual([expect.objectContaining({ model: 'loans', predictions: 900 })]);
  });

  test('is compared exactly when a range is asked for', async () => {
    const url = `${service.url}/v1/models/loans/drift?from=${START + 2 * HOUR}&to=${START + 3 * HOUR}`;
    const report = z
      .looseObject({
        reference: z.looseObject({ rows: z.number() }),
        windows: z.array(z.looseObject({ drifted: z.array(z.string()) })),
      })
      .parse((await request(url)).json());
    expect(report.reference.rows).toBe(2160);
    expect(report.windows[0]?.drifted).toEqual(['amount']);
  });

  test('is listed, and a newer one replaces it with bins of its own', async () => {
    const file = join(folder, 'newer.ndjson');
    const lines = Array.from({ length: 600 }, (_, i) =>
      JSON.stringify({ features: { amount: 51 + (i % 50), country: i % 3 === 0 ? 'DE' : 'US' } }),
    );
    writeFileSync(file, `${lines.join('\n')}\nno record\n`);
    const done = await runPlumbline(['reference', 'set', 'loans', '--file', file, '--url', service.url]);
    expect(done.code).toBe(0);
    expect(done.stderr).toContain('1 lines skipped, first at line 601');
    const listed = await runPlumbline(['reference', 'show', 'loans', '--url', service.url]);
    const versions = listed.stdout
      .trim()
      .split('\n')
      .map((line) => answer.parse(JSON.parse(line)));
    expect(versions.map(({ kind, rows, reference_version: version }) => [kind, rows, version])).toEqual([
      ['file', 600, 2],
      ['file', 2160, 1],
    ]);
    expect((await judged(2)).get('amount')).toMatchObject({ level: 'stable', n: 600 });
    expect((await judged(0)).get('amount')?.level).toBe('major');
  });

  test('with nothing in it is refused with a sentence, and the one in force stays', async () => {
    const empty = await request(`${service.url}/v1/models/loans/references/file?name=empty.ndjson`, {
      body: 'no record\n',
      headers: NDJSON,
    });
    expect(empty.status).toBe(400);
    expect(empty.text).toContain('empty.ndjson holds no records');
    const absent = await runPlumbline(['reference', 'set', 'loans', '--file', join(folder, 'absent.csv')]);
    expect(absent.code).toBe(2);
    expect(absent.stderr).toContain('absent.csv does not exist');
    const left = await service.store.rows({
      name: 'test',
      sql: 'SELECT uniqExact(model) AS sources FROM reference_rows',
    });
    expect(left).toEqual([{ sources: 2 }]);
  });
});
