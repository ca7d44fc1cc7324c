import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { FeatureReport } from '../../../src/analysis/drift/report.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';
import { compareFiles } from './support/compare-files.ts';

// Real prediction logs with numbers computed by numpy and scipy, rounded to six decimals. They are not part of the
// repository: name their folder in PLUMBLINE_TEST_DATA to run this.
const FOLDER = process.env['PLUMBLINE_TEST_DATA'] ?? '';
const SETS = ['elec2', 'bike-sharing', 'air-quality', 'hotel-bookings', 'acs-employment', 'genai-requests'];

const featureSchema = z.object({
  psi: z.number(),
  ks: z.number().optional(),
  null_rate: z.number(),
  unseen: z.number().optional(),
});
const windowSchema = z.object({
  n: z.number(),
  features: z.record(z.string(), featureSchema),
  output: featureSchema.optional(),
});
const expectedSchema = z.object({
  months: z.record(z.string(), windowSchema).optional(),
  days: z.record(z.string(), windowSchema).optional(),
});

describe.skipIf(!existsSync(FOLDER))('the textbook profile on real prediction logs', () => {
  let engine: TestStore;

  beforeAll(async () => {
    engine = await startTestStore({ migrated: false });
  });

  afterAll(async () => {
    await engine.stop();
  });

  it.each(SETS)('agrees with numpy and scipy on %s in every window and feature', async (set) => {
    const folder = join(FOLDER, set);
    const { months, days } = expectedSchema.parse(JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')));
    const wanted = months ?? days ?? {};
    const files = { reference: join(folder, 'reference.ndjson.gz'), current: join(folder, 'predictions.ndjson.gz') };
    const { report } = await compareFiles(engine.store, files, {
      profile: 'textbook',
      window: months === undefined ? 'day' : 'month',
    });
    expect(report.windows.map((window) => [window.window, window.rows])).toEqual(
      Object.entries(wanted).map(([name, { n }]) => [name, n]),
    );
    for (const window of report.windows) {
      const { features = {}, output } = wanted[window.window] ?? {};
      expect(window.features.map((feature) => feature.feature).sort()).toEqual(Object.keys(features).sort());
      for (const feature of window.features) expectNumbers(feature, features[feature.feature]);
      if (output !== undefined) expectNumbers(window.prediction, output);
    }
  });
});

function expectNumbers(found: FeatureReport | null, wanted: z.infer<typeof featureSchema> | undefined): void {
  const { psi, ks } = found?.statistics ?? {};
  const near = (value: number | undefined): unknown => expect.closeTo(value ?? Number.NaN, 6);
  const all = { psi, ks, missing: found?.missing_current, unseen: found?.evidence.unseen_count };
  // What the oracle does not give is not compared.
  const given = new Map<string, unknown>([
    ['psi', near(wanted?.psi)],
    ['missing', near(wanted?.null_rate)],
  ]);
  if (wanted?.ks !== undefined) given.set('ks', near(wanted.ks));
  if (wanted?.unseen !== undefined) given.set('unseen', wanted.unseen);
  expect(all).toMatchObject(Object.fromEntries(given));
}
