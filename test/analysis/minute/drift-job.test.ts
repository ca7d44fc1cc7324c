import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DriftSchedule } from '../../../src/analysis/minute/drift-schedule.ts';
import { replaceReference } from '../../../src/analysis/minute/reference-store.ts';
import { takeIn } from '../../../src/collectors/http/intake.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { BatchWriter } from '../../../src/store/ingest/batch-writer.ts';
import { Spool } from '../../../src/store/ingest/spool.ts';
import { driftBefore, driftByWeek } from '../../../src/store/queries/drift-read.ts';
import { startTestStore, type TestStore } from '../../support/engine.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-03-02T00:00:00Z');
const REFERENCE_HOURS = 48;
let running: TestStore;
let writer: BatchWriter;
let schedule: DriftSchedule;

/** A small generator, so that the numbers are the same each run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 4294967296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
}

/**
 * One hour of predictions: `amount` shifts by `shift` standard deviations, `country` turns to 'CH', `age` goes missing; `tide`
 * comes and goes with the hour of the day.
 */
function hourOf(
  index: number,
  options: { shift?: number; foreign?: number; missing?: number; rows?: number } = {},
): string {
  const random = createRandom(1000 + index);
  const rows = options.rows ?? 400;
  const lines: string[] = [];
  for (let i = 0; i < rows; i += 1) {
    const ts = START + index * HOUR + Math.floor((i / rows) * HOUR);
    const country = random() < (options.foreign ?? 0) ? 'CH' : random() < 0.7 ? 'US' : 'DE';
    const age = random() < (options.missing ?? 0) ? null : 20 + Math.floor(random() * 50);
    lines.push(
      JSON.stringify({
        prediction_id: `p-${index}-${i}`,
        ts,
        model: 'credit',
        features: {
          amount: Math.exp(normal(random) + (options.shift ?? 0)),
          country,
          age,
          steady: normal(random),
          tide: normal(random) + 4 * Math.sin((2 * Math.PI * index) / 24),
        },
        score: 1 / (1 + Math.exp(-normal(random))),
        latency_ms: 5 + random() * 10,
      }),
    );
  }
  return lines.join('\n');
}

async function send(body: string): Promise<void> {
  const result = await takeIn({
    body: Readable.from([Buffer.from(body)], { objectMode: false }),
    kind: 'predictions',
    format: 'ndjson',
    encoding: 'identity',
    key: undefined,
    writer,
    clock: systemClock,
  });
  expect(result).toMatchObject({ rejected: 0 });
}

async function rows<T>(sql: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  return z.array(schema).parse(await running.store.rows({ name: 'test', sql }));
}

beforeAll(async () => {
  running = await startTestStore();
  const logger = pino({ level: 'silent' });
  const { store, telemetry } = running;
  writer = new BatchWriter({
    store,
    spool: new Spool(mkdtempSync(join(tmpdir(), 'plumbline-spool-'))),
    clock: systemClock,
    logger,
    telemetry,
  });
  await writer.recover();
  schedule = new DriftSchedule({
    store,
    maker: { store, wallClock: systemClock, drainIngest: () => writer.drain() },
    settingsOf: () => ({
      windowMs: HOUR,
      falseAlarmsPerMonth: 1,
      minRows: 100,
      features: undefined,
      importance: {},
      reference: undefined,
    }),
    clock: systemClock,
    logger,
  });
  for (let hour = 0; hour < REFERENCE_HOURS; hour += 1) await send(hourOf(hour));
});
afterAll(async () => {
  await writer.stop(5000);
  await running.stop();
});

const resultSchema = z.object({
  feature: z.string(),
  level: z.string(),
  psi_corrected: z.number().nullable(),
  ks: z.number().nullable(),
  missing_current: z.number(),
  unseen: z.number(),
  n: z.number(),
  reason: z.string(),
});

const resultsOf = (hour: number) =>
  rows(
    `SELECT feature, level, psi_corrected, ks, missing_current, unseen, n_current AS n, reason FROM drift_results FINAL
     WHERE final = 1 AND window_from = toDateTime(${(START + hour * HOUR) / 1000}) ORDER BY feature`,
    resultSchema,
  );

describe('the drift of a model', () => {
  test('is judged against a reference set later, and finds what moved', async () => {
    await send(hourOf(REFERENCE_HOURS));
    await send(hourOf(REFERENCE_HOURS + 1, { shift: 1, foreign: 0.2, missing: 0.3 }));
    const stored = await replaceReference({
      store: running.store,
      schedule,
      model: 'credit',
      reference: { kind: 'fixed', fromMs: START, toMs: START + REFERENCE_HOURS * HOUR },
      nowMs: systemClock.now(),
    });
    expect(stored).toMatchObject({ referenceVersion: 1, rows: REFERENCE_HOURS * 400 });
    await schedule.judgeClosed(schedule.planOf('credit'), {
      fromMs: START + REFERENCE_HOURS * HOUR,
      toMs: START + (REFERENCE_HOURS + 2) * HOUR,
    });
    const calm = await resultsOf(REFERENCE_HOURS);
    expect(calm.map(({ feature }) => feature)).toEqual(['__score__', 'age', 'amount', 'country', 'steady', 'tide']);
    expect(calm.every(({ level, n }) => level === 'stable' && n === 400)).toBe(true);
    const moved = new Map((await resultsOf(REFERENCE_HOURS + 1)).map((row) => [row.feature, row]));
    expect(moved.get('amount')).toMatchObject({ level: 'major' });
    // A shift by one standard deviation moves the distribution functions apart by 2 Phi(0.5) - 1.
    expect(moved.get('amount')?.ks).toBeCloseTo(0.383, 1);
    expect(['minor', 'moderate', 'major']).toContain(moved.get('country')?.level);
    expect(moved.get('country')?.unseen).toBeCloseTo(0.2, 1);
    expect(moved.get('age')?.missing_current).toBeCloseTo(0.3, 1);
    expect(moved.get('steady')).toMatchObject({ level: 'stable' });
  });

  test('says where it is blind: for a feature whose hours vary too much to show a drift, and no other', async () => {
    const explained = await rows(
      `SELECT feature, reason, JSONExtract(explain, 'warnings', 'Array(String)') AS warnings, JSONExtractFloat(explain, 'mde') AS mde FROM drift_results FINAL
       WHERE final = 1 AND window_from = toDateTime(${(START + REFERENCE_HOURS * HOUR) / 1000}) ORDER BY feature`,
      z.object({ feature: z.string(), reason: z.string(), warnings: z.array(z.string()), mde: z.number() }),
    );
    const blind = explained.filter(({ warnings }) => warnings.includes('blind'));
    expect(blind.map(({ feature }) => feature)).toEqual(['tide']);
    expect(blind[0]?.mde).toBeGreaterThan(0.25);
    const weeks = await running.store.query(driftByWeek, { model: 'credit', from: START, to: START + 60 * HOUR });
    expect(weeks.filter((week) => week.blind > 0).map(({ feature }) => feature)).toEqual(['tide']);
    expect(blind[0]?.reason).toMatch(/Blind below a corrected PSI of .*a same-hour reference may help\./);
  });

  test('has a Kolmogorov-Smirnov distance that is off by no more than it says', async () => {
    const from = (START + (REFERENCE_HOURS + 1) * HOUR) / 1000;
    const exact = await rows(
      `SELECT f AS feature, kolmogorovSmirnovTest('two-sided', 'asymp')(v / 100, toUInt8(ts < toDateTime(${from}))).1 AS d
       FROM predictions ARRAY JOIN mapKeys(numbers) AS f, mapValues(numbers) AS v
       WHERE model = 'credit' AND (ts < toDateTime(${(START + REFERENCE_HOURS * HOUR) / 1000}) OR (ts >= toDateTime(${from}) AND ts < toDateTime(${from + 3600}))) GROUP BY f`,
      z.object({ feature: z.string(), d: z.number() }),
    );
    const binned = await rows(
      `SELECT feature, ks, ks_error FROM drift_results FINAL WHERE model = 'credit' AND final = 1 AND window_from = toDateTime(${from}) AND kind = 'numeric'`,
      z.object({ feature: z.string(), ks: z.number(), ks_error: z.number() }),
    );
    expect(exact).toHaveLength(4);
    for (const { feature, d } of exact) {
      const found = binned.find((row) => row.feature === feature);
      expect(d).toBeGreaterThanOrEqual((found?.ks ?? 1) - 1e-6);
      expect(d).toBeLessThanOrEqual((found?.ks ?? 0) + (found?.ks_error ?? 0) + 1e-6);
    }
  });

  test('counts each value once, whether it arrived before its bins were made, meanwhile or afterwards', async () => {
    await send(hourOf(REFERENCE_HOURS + 2));
    const before = hourOf(0)
      .split('\n')
      .map((line) => line.replace('"credit"', '"other"'));
    await send(before.slice(0, 300).join('\n'));
    const [made] = await Promise.all([
      replaceReference({
        store: running.store,
        schedule,
        model: 'other',
        reference: { kind: 'fixed', fromMs: START, toMs: START + HOUR },
        nowMs: systemClock.now(),
      }),
      (async () => {
        for (let part = 300; part < 400; part += 10) {
          await send(before.slice(part, part + 10).join('\n'));
          await systemClock.sleep(100);
        }
      })(),
    ]);
    expect(made.rows).toBeGreaterThanOrEqual(300);
    const counted = await rows(
      `SELECT g.model AS model, g.feature AS feature, sum(h.n) AS n FROM feature_histogram AS h INNER JOIN (SELECT grid_id, model, feature FROM feature_grids FINAL) AS g ON h.grid_id = g.grid_id GROUP BY model, feature ORDER BY model, feature`,
      z.object({ model: z.string(), feature: z.string(), n: z.number() }),
    );
    for (const { model, n } of counted) expect(n).toBe(model === 'other' ? 400 : (REFERENCE_HOURS + 3) * 400);
    expect(counted).toHaveLength(12);
  });

  test('becomes signals of the last minute of the window', async () => {
    const signals = await rows(
      `SELECT signal, feature, value, state FROM signals FINAL WHERE model = 'credit' AND t = toDateTime(${(START + (REFERENCE_HOURS + 2) * HOUR) / 1000 - 60}) ORDER BY signal, feature`,
      z.object({ signal: z.string(), feature: z.string(), value: z.number().nullable(), state: z.string() }),
    );
    const named = (name: string, feature = '') => signals.find((row) => row.signal === name && row.feature === feature);
    expect(named('feature_psi', 'amount')?.value).toBeGreaterThan(0.2);
    expect(named('feature_missing_ratio', 'age')?.value).toBeCloseTo(0.3, 1);
    expect(named('feature_unseen_ratio', 'country')?.value).toBeCloseTo(0.2, 1);
    expect(named('drifted_features')?.value).toBe(3);
    expect(named('drift_score')?.value).toBeGreaterThan(0.05);
    expect(named('prediction_psi')?.value).toBeLessThan(0.02);
    expect(named('feature_ks', 'country')).toBeUndefined();
  });

  test('says when a window has too few rows instead of a number', async () => {
    await send(hourOf(REFERENCE_HOURS + 3, { rows: 20 }));
    const from = START + (REFERENCE_HOURS + 3) * HOUR;
    await schedule.judgeClosed(schedule.planOf('credit'), { fromMs: from, toMs: from + HOUR });
    const results = await resultsOf(REFERENCE_HOURS + 3);
    expect(results.every(({ level, psi_corrected: psi }) => level === 'insufficient_data' && psi === null)).toBe(true);
    expect(results[0]?.reason).toContain('Too few rows: 20 current');
  });

  test('is what an incident shows: numbers where there are any, for every kind of feature', async () => {
    const before = async (hours: number) => {
      const at = START + (REFERENCE_HOURS + hours) * HOUR;
      const found = await running.store.query(driftBefore, { model: 'credit', at, top: 10 });
      return found.map(({ feature, psi_corrected, ks }) => [feature, psi_corrected !== null, ks !== null]);
    };
    expect(await before(2)).toContainEqual(['amount', true, true]);
    expect(await before(2)).toContainEqual(['country', true, false]);
    expect(await before(4)).toContainEqual(['amount', false, true]);
    expect(await before(4)).toContainEqual(['country', false, false]);
  });

  test('is judged against the newest reference also in the window that was judged last', async () => {
    const reference = { kind: 'fixed' as const, fromMs: START, toMs: START + REFERENCE_HOURS * HOUR };
    await replaceReference({ store: running.store, schedule, model: 'credit', reference, nowMs: systemClock.now() });
    const last = START + (REFERENCE_HOURS + 3) * HOUR;
    const versions = await rows(
      `SELECT DISTINCT reference_version FROM drift_results FINAL WHERE model = 'credit' AND final = 1 AND window_from = toDateTime(${last / 1000})`,
      z.object({ reference_version: z.number() }),
    );
    expect(versions).toEqual([{ reference_version: 2 }]);
  });

  test('goes on after a restart where it was', async () => {
    const restarted = new DriftSchedule({
      store: running.store,
      maker: { store: running.store, wallClock: systemClock, drainIngest: () => writer.drain() },
      settingsOf: () => ({
        windowMs: HOUR,
        falseAlarmsPerMonth: 1,
        minRows: 100,
        features: undefined,
        importance: {},
        reference: undefined,
      }),
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    });
    const minuteEnd = START + (REFERENCE_HOURS + 4) * HOUR + 60_000;
    await restarted.run(minuteEnd);
    expect(restarted.planOf('credit')).toMatchObject({
      reference: { kind: 'fixed', fromMs: START },
      referenceVersion: 2,
    });
    const signals = await rows(
      `SELECT signal, state FROM signals FINAL WHERE model = 'credit' AND feature = '' AND t = toDateTime(${minuteEnd / 1000 - 60}) ORDER BY signal`,
      z.object({ signal: z.string(), state: z.string() }),
    );
    expect(signals).toEqual([
      { signal: 'drift_alarms', state: 'ok' },
      { signal: 'drift_score', state: 'insufficient_data' },
      { signal: 'drifted_features', state: 'insufficient_data' },
    ]);
  });
});
