import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { UsageError } from '../../../src/core/errors.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { compareFiles, featureOf, windowOf, writeFile } from './support/compare-files.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/drift/${name}`, import.meta.url));
const FILES = { reference: fixture('reference.ndjson'), current: fixture('current.ndjson') };

// Computed from the same two files by a separate program in exact fractions.
const numbers = z.record(z.string(), z.union([z.number(), z.array(z.number())]));
const expected = z
  .record(z.string(), z.object({ rows: z.number(), features: z.record(z.string(), numbers), score: numbers }))
  .parse(JSON.parse(readFileSync(fixture('expected.json'), 'utf8')));

function approximate(values: z.infer<typeof numbers>): Readonly<Record<string, unknown>> {
  const near = (value: number | number[]): unknown => expect.closeTo(Number(value), 9);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Array.isArray(value) ? value : near(value)]),
  );
}

let engine: TestStore;

beforeAll(async () => {
  engine = await startTestStore({ migrated: false });
});

afterAll(async () => {
  await engine.stop();
});

describe('the textbook profile by month', () => {
  it.each([
    ['on disk', 0],
    ['in memory', 1e9],
  ])(
    'gives the numbers of an independent computation for every feature, month and the score, %s',
    async (_, memoryBytes) => {
      const { report } = await compareFiles(engine.store, FILES, { profile: 'textbook', window: 'month', memoryBytes });
      expect(report.windows.map((window) => window.window)).toEqual(['2026-05', '2026-06']);
      for (const window of report.windows) {
        const wanted = expected[window.window];
        expect(window.rows).toBe(wanted?.rows);
        const outputs = window.prediction === null ? [] : [window.prediction];
        for (const feature of [...window.features, ...outputs]) {
          const own = feature === window.prediction ? wanted?.score : wanted?.features[feature.feature];
          const found: Readonly<Record<string, unknown>> = {
            ...feature.statistics,
            missing: feature.missing_current,
            unseen: feature.evidence.unseen_count,
            n: feature.n_current,
          };
          const counts = feature.evidence.bins.map((bin) => bin.current);
          expect({ feature: feature.feature, ...found, counts }).toMatchObject({
            feature: feature.feature,
            ...approximate(own ?? {}),
          });
        }
      }
    },
  );

  it('leaves requests that failed out of the prediction, and takes the score before the prediction', async () => {
    const { report } = await compareFiles(engine.store, FILES, { profile: 'textbook' });
    const { prediction } = windowOf(report, 0);
    expect(prediction?.feature).toBe('score');
    expect(prediction?.missing_current).toBe(0);
    expect(prediction?.n_current).toBeLessThan(560);
  });
});

describe('the shape of the report', () => {
  it('has every statistic of the contract, with null where the profile computes none', async () => {
    const { report } = await compareFiles(engine.store, FILES, { profile: 'textbook' });
    const { statistics } = featureOf(report, 'channel');
    expect(Object.keys(statistics)).toEqual([
      'psi',
      'psi_noise',
      'psi_corrected',
      'ks',
      'ks_corrected',
      'ks_p',
      'chi2',
      'chi2_df',
      'chi2_p',
      'p_adjusted',
      'phi',
      'mde',
      'js_distance',
      'hellinger',
      'tv',
      'linf',
      'wasserstein',
      'wasserstein_scaled',
      'energy',
      'cramers_v',
    ]);
    expect(statistics.psi_corrected).toBeNull();
    expect(statistics.ks).toBeNull();
  });

  it('gives window bounds, reference period and the worst level', async () => {
    const { report } = await compareFiles(engine.store, FILES, { profile: 'textbook', window: 'month' });
    expect(report.reference.rows).toBe(400);
    expect(report.reference.from?.slice(0, 10)).toBe('2026-03-01');
    expect(windowOf(report, 1)).toMatchObject({
      from: '2026-06-01T00:00:00.000Z',
      to: '2026-07-01T00:00:00.000Z',
      level: 'major',
    });
    expect(windowOf(report, 1).drifted).toContain('amount');
  });

  it('keeps the SQL that was run', async () => {
    const { report } = await compareFiles(engine.store, FILES);
    expect(report.sql.map((statement) => statement.name)).toEqual(
      expect.arrayContaining(['stage_reference', 'stage_current', 'counts', 'distances']),
    );
  });
});

describe('what is read', () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ x: (i * 7919) % 200, kind: i % 3 === 0 ? 'a' : 'b' }));

  it('gives the same numbers from CSV, gzip, a JSON array and Parquet', async () => {
    const csv = ['x,kind', ...rows.map((row) => `${row.x},${row.kind}`)].join('\n');
    const ndjson = writeFile(
      'r.ndjson',
      rows.map((row) => JSON.stringify(row)),
    );
    const shifted = rows.map((row) => ({ ...row, x: row.x + 20 }));
    const plain = writeFile(
      'c.ndjson',
      shifted.map((row) => JSON.stringify(row)),
    );
    const array = writeFile('c.json', [JSON.stringify(shifted)]);
    const packed = plain.replace('c.ndjson', 'c.jsonl.gz');
    writeFileSync(packed, gzipSync(readFileSync(plain)));
    const parquet = plain.replace('c.ndjson', 'c.parquet');
    await engine.store.command({
      name: 'make',
      sql: `INSERT INTO FUNCTION file('${parquet}', Parquet) SELECT toInt32(x) AS x, kind FROM file('${plain}', JSONEachRow)`,
    });
    const first = await compareFiles(engine.store, { reference: ndjson, current: plain }, { profile: 'textbook' });
    for (const current of [array, packed, parquet]) {
      const other = await compareFiles(
        engine.store,
        { reference: writeFile('r.csv', [csv]), current },
        { profile: 'textbook' },
      );
      for (const name of ['x', 'kind']) {
        expect(featureOf(other.report, name)).toEqual(featureOf(first.report, name));
      }
    }
  });

  it('skips lines that cannot be read and says how many and where', async () => {
    const lines = rows.map((row) => JSON.stringify(row));
    const broken = writeFile('broken.ndjson', [...lines.slice(0, 2), '{"x":', ...lines.slice(2), '[1]']);
    const csv = writeFile('broken.csv', ['x,kind', '1,a', '2,b,c', ...rows.map((row) => `${row.x},${row.kind}`)]);
    const { report, notices } = await compareFiles(engine.store, { reference: broken, current: csv });
    expect(notices.skipped.map((entry) => entry.skipped)).toEqual([
      { count: 2, firstLine: 3 },
      { count: 1, firstLine: 3 },
    ]);
    expect(windowOf(report, 0).rows).toBe(201);
  });

  it('counts rows without time when windows are asked for', async () => {
    const dated = rows.map((row, i) => JSON.stringify(i < 5 ? row : { ...row, ts: '2026-05-03T10:11:12Z' }));
    const { report, notices } = await compareFiles(
      engine.store,
      { reference: writeFile('r.ndjson', dated), current: writeFile('c.ndjson', dated) },
      { window: 'hour' },
    );
    expect(notices.rowsWithoutTime).toBe(5);
    expect(report.windows.map((window) => [window.window, window.rows])).toEqual([['2026-05-03T10', 195]]);
  });

  it('keeps a numeric reference numeric when the current side sends text, and counts the rest as missing', async () => {
    const text = rows.map((row, i) => JSON.stringify({ ...row, x: i < 50 ? 'n/a' : String(row.x) }));
    const { report } = await compareFiles(engine.store, {
      reference: writeFile(
        'r.ndjson',
        rows.map((row) => JSON.stringify(row)),
      ),
      current: writeFile('c.ndjson', text),
    });
    expect(featureOf(report, 'x')).toMatchObject({ kind: 'numeric', n_current: 150, missing_current: 0.25 });
  });

  it('reads epoch milliseconds, seconds and RFC 3339 as the same instant', async () => {
    const at = (ts: unknown): string =>
      writeFile(
        'c.ndjson',
        rows.map((row) => JSON.stringify({ ...row, ts })),
      );
    const reference = at('2026-05-03T10:00:00Z');
    for (const ts of [1777802400000, 1777802400, '2026-05-03T12:00:00+02:00']) {
      const { report } = await compareFiles(
        engine.store,
        { reference, current: at(ts) },
        { window: 'hour', profile: 'textbook' },
      );
      expect(windowOf(report, 0).window).toBe('2026-05-03T10');
    }
  });

  it('selects one version when asked', async () => {
    const versions = rows.map((row, i) => JSON.stringify({ ...row, model: 'm', version: i < 150 ? '1' : '2' }));
    const file = writeFile('c.ndjson', versions);
    const { report } = await compareFiles(
      engine.store,
      { reference: file, current: file },
      { currentFilter: { model: 'm', version: '2' } },
    );
    expect(report.reference.rows).toBe(200);
    expect(windowOf(report, 0).rows).toBe(50);
  });

  it('takes feature names with any characters', async () => {
    const odd = rows.map((row) => JSON.stringify({ features: { 'a "b" \\ c\'d `e`': row.x, 'größe.%': row.x } }));
    const file = writeFile('c.ndjson', odd);
    const { report } = await compareFiles(engine.store, { reference: file, current: file });
    expect(windowOf(report, 0).features.map((feature) => [feature.feature, feature.n_current])).toEqual([
      ['a "b" \\ c\'d `e`', 200],
      ['größe.%', 200],
    ]);
  });

  it.each([
    ['empty.ndjson', [''], /no rows|is empty/],
    ['bad.ndjson', ['no json', '{'], /no line is a JSON object/],
    ['file.xyz', ['x'], /format .* is not known/],
    ['torn.parquet', ['PAR1 but nothing more'], /Cannot read/],
  ])('refuses %s with one sentence', async (name, lines, message) => {
    const good = writeFile(
      'r.ndjson',
      rows.map((row) => JSON.stringify(row)),
    );
    const compare = async () => compareFiles(engine.store, { reference: good, current: writeFile(name, lines) });
    await expect(compare()).rejects.toThrow(UsageError);
    await expect(compare()).rejects.toThrow(message);
  });

  it('refuses windows when the current side has no times', async () => {
    const file = writeFile(
      'r.ndjson',
      rows.map((row) => JSON.stringify(row)),
    );
    await expect(compareFiles(engine.store, { reference: file, current: file }, { window: 'day' })).rejects.toThrow(
      /no times/,
    );
  });
});
