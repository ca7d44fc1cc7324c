import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { makeGrids } from '../../../src/analysis/minute/grids.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { insertSettings } from '../../../src/store/ingest/insert-settings.ts';
import { UNIT_COLUMNS, UnitBuilder } from '../../../src/store/ingest/unit.ts';
import { predictionLine } from '../../support/client.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const SLICE_MS = 300_000;
const FROM_MS = Date.parse('2026-04-28T21:00:00Z');
const NUMBERS = [0, 1, 2, 3, 4, 5, 6];
const countedSchema = z.object({
  feature: z.string(),
  version: z.string(),
  slice: z.number(),
  value: z.string(),
  n: z.number(),
});
type Counted = z.infer<typeof countedSchema>;
const CITIES = ['Lyon', 'Bern', 'Oslo'];

let db: TestStore;
beforeAll(async () => {
  db = await startTestStore();
});
afterAll(async () => {
  await db.stop();
});

test('a batch over versions and five minutes is counted by each of them, on its way in and afterwards alike', async () => {
  await send('before');
  const maker = { store: db.store, wallClock: systemClock, drainIngest: async () => {} };
  await makeGrids(maker, 'credit', { fromMs: FROM_MS, toMs: FROM_MS + 10 * SLICE_MS }, [
    { feature: 'age', kind: 'numeric' },
    { feature: 'city', kind: 'categorical' },
  ]);
  const counted = await histogram();
  const expected = expectedRows();
  expect(counted).toEqual(expected);
  await send('after');
  expect(await histogram()).toEqual(expected.map((row) => ({ ...row, n: row.n * 2 })));
});

/** Records of three versions in four slices, in one batch; how often a number occurs depends on both. */
function* records(): Generator<{ version: string; slice: number; age: number | null; city: string }> {
  for (const version of ['1', '2', '10']) {
    for (const slice of [0, 1, 3, 7]) {
      for (const age of NUMBERS) {
        const times = 1 + ((Number(version) + slice * 3 + age) % 5);
        for (let time = 0; time < times; time += 1) {
          yield { version, slice, age: time === 4 ? null : age, city: CITIES[(age + time) % 3] ?? '' };
        }
      }
    }
  }
}

function expectedRows(): Counted[] {
  const counts = new Map<string, Counted>();
  for (const { version, slice, age, city } of records()) {
    for (const [feature, value] of [
      ['age', age === null ? 'missing' : String(age)],
      ['city', city],
    ] as const) {
      const key = [feature, version, slice, value].join('\n');
      const row = counts.get(key) ?? { feature, version, slice, value, n: 0 };
      counts.set(key, { ...row, n: row.n + 1 });
    }
  }
  return sorted([...counts.values()]);
}

async function histogram(): Promise<Counted[]> {
  const rows = await db.store.rows({
    name: 'histogram',
    sql: `SELECT g.feature AS feature, h.version AS version, intDiv(toUnixTimestamp(h.t) - ${FROM_MS / 1000}, 300) AS slice,
      multiIf(bin = 255, 'missing', g.kind = 'numeric', toString(bin - 1), g.category_values[bin]) AS value, toUInt32(sum(h.n)) AS n
      FROM feature_histogram AS h INNER JOIN (SELECT * FROM feature_grids FINAL) AS g ON h.grid_id = g.grid_id GROUP BY feature, version, slice, value`,
  });
  return sorted(z.array(countedSchema).parse(rows));
}

function sorted(rows: readonly Counted[]): Counted[] {
  const text = ({ feature, version, slice, value }: Counted): string => [feature, version, slice, value].join(' ');
  return rows.toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}

async function send(name: string): Promise<void> {
  const builder = new UnitBuilder('predictions', Date.now());
  let number = 0;
  for (const { version, slice, age, city } of records()) {
    number += 1;
    const line = predictionLine(`${name}-${number}`, {
      model: 'credit',
      version,
      ts: FROM_MS + slice * SLICE_MS + number,
      features: { age, city },
    });
    builder.add(Buffer.from(line), number);
  }
  await db.store.insertRaw({
    table: 'ingest_predictions',
    columns: UNIT_COLUMNS,
    format: 'RowBinary',
    body: builder.finish(name).body,
    token: name,
    settings: insertSettings('predictions'),
  });
}
