import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { attachToEngine } from '../../src/store/engine/embedded-engine.ts';
import { predictionLine } from '../support/client.ts';
import { type Finished, runPlumbline } from '../support/processes.ts';
import { ask, type ServiceProcess, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
let path: string;
let service: ServiceProcess;
let files: string;
beforeAll(async () => {
  path = yard.folder();
  service = await yard.start(path);
  files = mkdtempSync(join(tmpdir(), 'plumbline-files-'));
});
afterAll(async () => {
  await yard.end();
  rmSync(files, { recursive: true, force: true });
});

function write(name: string, content: string | Buffer): string {
  writeFileSync(`${files}/${name}`, content);
  return `${files}/${name}`;
}

function lines(prefix: string, count: number): string {
  return Array.from({ length: count }, (_, index) => `${predictionLine(`${prefix}-${index}`)}\n`).join('');
}

function ingest(...args: readonly string[]): Promise<Finished> {
  return runPlumbline(['ingest', '--type', 'predictions', '--url', service.url, ...args]);
}

const result = z.object({ accepted: z.number(), rejected: z.number() });
function answerOf(finished: Finished): z.infer<typeof result> {
  expect(finished.stdout, finished.stderr).toMatch(/^\{.*\}\n$/);
  return result.parse(JSON.parse(finished.stdout));
}

const countSchema = z.object({ n: z.number(), ids: z.number() });
async function stored(prefix: string): Promise<unknown> {
  const sql = `SELECT count() AS n, uniqExact(prediction_id) AS ids FROM predictions WHERE startsWith(prediction_id, '${prefix}-')`;
  return (await ask(path, countSchema, sql))[0];
}

/** Lets the engine write a file, as another program would. */
async function exportFile(name: string, sql: string): Promise<string> {
  const endpoint = attachToEngine(`${path}/data`);
  if (endpoint === undefined) throw new Error('No engine runs.');
  const client = createClient({ ...endpoint, keep_alive: { enabled: false } });
  await client.command({ query: `INSERT INTO FUNCTION file('${files}/${name}') ${sql}` });
  await client.close();
  return `${files}/${name}`;
}

describe('plumbline ingest', () => {
  test('sends NDJSON, gzip and stdin, and prints what was accepted and rejected', async () => {
    const plain = write('plain.ndjson', `${lines('plain', 3)}broken\n`);
    const zipped = write('zipped.ndjson.gz', gzipSync(lines('zipped', 4)));
    const both = await ingest(plain, zipped);
    expect({ code: both.code, ...answerOf(both) }).toEqual({ code: 0, accepted: 7, rejected: 1 });
    expect(both.stderr).toContain(`${plain}:4: is not valid JSON`);
    const args = ['ingest', '--type', 'predictions', '--url', service.url, '-'];
    const [text, gzip] = await Promise.all([
      runPlumbline(args, { input: lines('stdin', 2) }),
      runPlumbline(args, { input: gzipSync(lines('stdinzip', 2)) }),
    ]);
    expect(answerOf(text)).toEqual({ accepted: 2, rejected: 0 });
    expect(answerOf(gzip)).toEqual({ accepted: 2, rejected: 0 });
    for (const [prefix, n] of [
      ['plain', 3],
      ['zipped', 4],
      ['stdin', 2],
      ['stdinzip', 2],
    ] as const) {
      expect(await stored(prefix), prefix).toEqual({ n, ids: n });
    }
  });

  test('counts a file once however often it is sent, also one of tables that the engine reads with many threads', {
    timeout: 180_000,
  }, async () => {
    const parquet = await exportFile(
      'many.parquet',
      `SELECT concat('many-', toString(number)) AS prediction_id, toDateTime64('2026-05-01 00:00:00', 3, 'UTC') + toIntervalSecond(number) AS ts,
        'late-flights' AS model, '3' AS version, number % 7 AS weekday, if(number % 5 = 0, NULL, number / 3) AS distance, toString(number % 3) AS origin, rand() % 2 AS prediction
        FROM numbers(60000) SETTINGS output_format_parquet_row_group_size = 5000`,
    );
    for (let run = 1; run <= 2; run += 1) {
      const finished = await ingest(parquet);
      expect({ code: finished.code, ...answerOf(finished) }).toEqual({ code: 0, accepted: 60_000, rejected: 0 });
      expect(await stored('many')).toEqual({ n: 60_000, ids: 60_000 });
    }
    const [row] = await ask(
      path,
      z.looseObject({
        ts: z.string(),
        numbers: z.record(z.string(), z.number()),
        categories: z.record(z.string(), z.string()),
        missing: z.array(z.string()),
      }),
      "SELECT toString(ts) AS ts, numbers, categories, missing FROM predictions WHERE prediction_id = 'many-5'",
    );
    expect(row).toEqual({
      ts: '2026-05-01 00:00:05.000',
      numbers: { weekday: 5 },
      categories: { origin: '2' },
      missing: ['distance'],
    });
  });

  test('reads CSV, and gives records the model and the version that they lack', async () => {
    const csv = write(
      'few.csv',
      'id,timestamp,distance,carrier,model\ncsv-1,2026-05-01 10:00:00,12.5,AA,own\ncsv-2,2026-05-01 10:00:01,,B6,own\n',
    );
    const ndjson = write(
      'bare.ndjson',
      `${JSON.stringify({ prediction_id: 'csv-3', ts: 1_777_629_600_123 })}\n${JSON.stringify({ prediction_id: 'csv-4', ts: 1_777_629_600_123, model: 'own', version: '1' })}\n{}\n`,
    );
    const finished = await ingest('--model', 'given', '--version', '9', csv, ndjson);
    expect({ code: finished.code, ...answerOf(finished) }).toEqual({ code: 0, accepted: 4, rejected: 1 });
    const rows = await ask(
      path,
      z.looseObject({ prediction_id: z.string() }),
      `SELECT prediction_id, toString(model) AS model, toString(version) AS version, numbers, categories, missing
       FROM predictions WHERE startsWith(prediction_id, 'csv-') ORDER BY prediction_id`,
    );
    expect(rows).toEqual([
      {
        prediction_id: 'csv-1',
        model: 'own',
        version: '9',
        numbers: { distance: 12.5 },
        categories: { carrier: 'AA' },
        missing: [],
      },
      {
        prediction_id: 'csv-2',
        model: 'own',
        version: '9',
        numbers: {},
        categories: { carrier: 'B6' },
        missing: ['distance'],
      },
      { prediction_id: 'csv-3', model: 'given', version: '9', numbers: {}, categories: {}, missing: [] },
      { prediction_id: 'csv-4', model: 'own', version: '1', numbers: {}, categories: {}, missing: [] },
    ]);
  });

  test('takes columns of any name as features, and those with a prefix as entries of their field', async () => {
    const csv = write(
      'names.csv',
      `prediction_id,ts,model,hours-per-week,Loan amount,it's \`odd\`,features.age,segments.region,segments.shop,scores.yes
names-1,2026-05-01 10:00:00,own,40,1.5,x,33,eu,,0.25
names-2,2026-05-01 10:00:00,own,,2.5,y,44,us,7,0.5
`,
    );
    const finished = await ingest(csv);
    expect({ code: finished.code, ...answerOf(finished) }).toEqual({ code: 0, accepted: 2, rejected: 0 });
    const rows = await ask(
      path,
      z.looseObject({}),
      `SELECT numbers, categories, missing, segments, scores FROM predictions WHERE startsWith(prediction_id, 'names-') ORDER BY prediction_id`,
    );
    expect(rows).toEqual([
      {
        numbers: { 'hours-per-week': 40, 'Loan amount': 1.5, age: 33 },
        categories: { "it's `odd`": 'x' },
        missing: [],
        segments: { region: 'eu' },
        scores: { yes: 0.25 },
      },
      {
        numbers: { 'Loan amount': 2.5, age: 44 },
        categories: { "it's `odd`": 'y' },
        missing: ['hours-per-week'],
        segments: { region: 'us', shop: '7' },
        scores: { yes: 0.5 },
      },
    ]);
  });

  test('refuses only the line in which a CSV has a word for a number', async () => {
    const csv = write('words.csv', 'ts,metric,value\n2026-05-01 10:00:00,orders,5\n2026-05-01 10:01:00,orders,n/a\n');
    const finished = await runPlumbline(['ingest', '--type', 'business', '--url', service.url, csv]);
    expect(answerOf(finished)).toEqual({ accepted: 1, rejected: 1 });
    expect(finished.stderr).toContain('words.csv:2: value must be a number');
  });

  test('sends labels, business numbers and change events', async () => {
    const sent = [
      ['labels', '{"prediction_id":"plain-0","label":1,"ts":1777629600123}\n'],
      ['business', '{"ts":1777629600123,"metric":"revenue_usd","value":5}\n'],
      ['events', '[{"ts":1777629600123,"kind":"deploy","title":"v4"},{"ts":1777629600123,"kind":"other","title":"x"}]'],
    ] as const;
    const finished = await Promise.all(
      sent.map(([type, text]) =>
        runPlumbline([
          'ingest',
          '--type',
          type,
          '--url',
          service.url,
          write(`${type}.${type === 'events' ? 'json' : 'ndjson'}`, text),
        ]),
      ),
    );
    expect(finished.map(answerOf)).toEqual([
      { accepted: 1, rejected: 0 },
      { accepted: 1, rejected: 0 },
      { accepted: 2, rejected: 0 },
    ]);
  });

  test('writes every rejected line to the file it is told to', async () => {
    const broken = Array.from({ length: 60 }, (_, index) => `{"broken ${index}"`);
    const rejects = `${files}/rejects.ndjson`;
    const file = write(
      'half.ndjson',
      broken.map((line, index) => `${line}\n${predictionLine(`half-${index}`)}\n`).join(''),
    );
    const finished = await ingest('--rejects', rejects, file);
    expect({ code: finished.code, ...answerOf(finished) }).toEqual({ code: 0, accepted: 60, rejected: 60 });
    expect(readFileSync(rejects, 'utf8')).toBe(broken.map((line) => `${line}\n`).join(''));
    expect(finished.stderr.split('\n').filter((line) => line.includes('is not valid JSON'))).toHaveLength(20);
  });

  test('exits 2 when no record was accepted or a file could not be read to its end', async () => {
    const hopeless = await ingest(write('hopeless.ndjson', 'a\nb\n'));
    expect({ code: hopeless.code, ...answerOf(hopeless) }).toEqual({ code: 2, accepted: 0, rejected: 2 });
    const zipped = gzipSync(lines('cut', 500), { level: 0 });
    const cut = await ingest(write('cut.ndjson.gz', zipped.subarray(0, zipped.length / 2)));
    expect(cut.code).toBe(2);
    expect(answerOf(cut).accepted).toBeGreaterThan(200);
    expect(cut.stderr).toContain('the file ends early or cannot be read');
    const noParquet = await ingest(write('no.parquet', 'this is no parquet'));
    expect(noParquet.code).toBe(2);
    expect(noParquet.stderr).toContain('no.parquet cannot be read as Parquet');
  });

  test('exits 3 when nobody answers at the URL', async () => {
    const finished = await runPlumbline([
      'ingest',
      '--type',
      'predictions',
      '--url',
      'http://127.0.0.1:9',
      write('one.ndjson', lines('one', 1)),
    ]);
    expect(finished.code).toBe(3);
    expect(finished.stderr).toMatch(/^plumbline: http:\/\/127\.0\.0\.1:9 does not answer.*\.$/m);
  });

  test('finds the service that runs on the configured folder, whatever its port', async () => {
    const finished = await runPlumbline([
      'ingest',
      '--type',
      'predictions',
      '--config',
      `${path}/plumbline.yaml`,
      write('found.ndjson', lines('found', 2)),
    ]);
    expect(finished.stderr).toBe('');
    expect({ code: finished.code, ...answerOf(finished) }).toEqual({ code: 0, accepted: 2, rejected: 0 });
    expect(await stored('found')).toEqual({ n: 2, ids: 2 });
  });

  test('needs no running service: it starts one for itself', { timeout: 180_000 }, async () => {
    const own = yard.folder();
    const args = [
      'ingest',
      '--type',
      'predictions',
      '--config',
      `${own}/plumbline.yaml`,
      write('alone.ndjson', lines('alone', 5)),
    ];
    expect(answerOf(await runPlumbline(args))).toEqual({ accepted: 5, rejected: 0 });
    expect(answerOf(await runPlumbline(args))).toEqual({ accepted: 5, rejected: 0 });
    const next = await yard.start(own);
    const [row] = await ask(own, countSchema, 'SELECT count() AS n, uniqExact(prediction_id) AS ids FROM predictions');
    expect(row).toEqual({ n: 5, ids: 5 });
    await yard.stop(next);
  });
});
