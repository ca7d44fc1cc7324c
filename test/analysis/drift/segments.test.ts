import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { compareFiles, windowOf, writeFile } from './support/compare-files.ts';
import { normals } from './support/samples.ts';

let engine: TestStore;

beforeAll(async () => {
  engine = await startTestStore({ migrated: false });
});

afterAll(async () => {
  await engine.stop();
});

/** North has values around 0, south around `south`; of every ten rows `northOfTen` are from the north. */
function rows(seed: number, northOfTen: number, south: number): string {
  const lines = normals(seed, 4000).map((x, i) => {
    const north = i % 10 < northOfTen;
    return JSON.stringify({
      features: { x: north ? x : x + south, y: x },
      segments: { region: north ? 'north' : 'south' },
    });
  });
  return writeFile('rows.ndjson', lines);
}

describe('a comparison by segment', () => {
  const reference = rows(1, 7, 2);

  it.each([
    ['mix changed', rows(2, 3, 2)],
    ['behaviour inside segments changed', rows(3, 7, 3.5)],
    ['neither changed', rows(4, 7, 2)],
    ['both changed', rows(5, 3, 3.5)],
  ])('tells that %s', async (verdict, current) => {
    const { report } = await compareFiles(engine.store, { reference, current }, { segment: 'region' });
    const split = windowOf(report, 0).segment_split ?? [];
    expect(split.find((entry) => entry.feature === 'x')?.verdict).toBe(verdict);
    expect(split.find((entry) => entry.feature === 'y')?.verdict).toBe('neither changed');
  });

  it('judges each segment by itself and gives its share', async () => {
    const { report } = await compareFiles(engine.store, { reference, current: rows(6, 7, 3.5) }, { segment: 'region' });
    const [north, south] = windowOf(report, 0).segments ?? [];
    expect(north).toMatchObject({ segment: 'north', rows_reference: 2800, share_current: 0.7 });
    expect(north?.features.map((feature) => feature.level)).toEqual(['stable', 'stable']);
    expect(south?.features.map((feature) => feature.level)).toEqual(['major', 'stable']);
  });

  it('refuses a segment that is not there and names those that are', async () => {
    await expect(compareFiles(engine.store, { reference, current: reference }, { segment: 'country' })).rejects.toThrow(
      /no segment or feature country; segments are: region/,
    );
  });
});
