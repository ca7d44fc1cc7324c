import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PerformanceOptions, performanceWindows } from '../../src/analysis/performance.ts';
import type { Store } from '../../src/store/store.ts';
import { sendRecords } from '../api/send-records.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';

const START = Date.parse('2025-12-29T00:00:00Z'); // Monday of ISO week 2026-W01
const DAY = 86_400_000;
const RANGE = { fromMs: START, toMs: START + 60 * DAY };

let running: TestStore;
let store: Store;
beforeAll(async () => {
  running = await startTestStore();
  store = running.store;
  await sendRecords(store, 'predictions', predictions());
  await sendRecords(store, 'labels', labels());
  await sendRecords(store, 'labels', corrections());
});
afterAll(async () => {
  await running.stop();
});

const windows = (options: Partial<PerformanceOptions> & { readonly model: string }) =>
  performanceWindows(store, { window: 'all', ...RANGE, ...options });

describe('a binary classifier', () => {
  test('has the numbers that counting by hand gives, with ties in the score counted half', async () => {
    const [row] = await windows({ model: 'binary' });
    const rows = binaryRows().filter((entry) => entry.status === 'ok' && entry.label !== undefined);
    const pairs = rows
      .filter((a) => a.label === 1)
      .flatMap((a) => rows.filter((b) => b.label === 0).map((b) => [a.score, b.score] as const));
    const auc = pairs.reduce((sum, [p, n]) => sum + (p > n ? 1 : p === n ? 0.5 : 0), 0) / pairs.length;
    const count = (p: number, l: number): number =>
      rows.filter((entry) => entry.prediction === p && entry.label === l).length;
    const ok = binaryRows().filter((entry) => entry.status === 'ok').length;
    expect(row).toMatchObject({
      window: 'all',
      predictions: ok,
      labeled: rows.length,
      mae: null,
      rmse: null,
      r2: null,
      bias: null,
    });
    expect(row?.labelCoverage).toBeCloseTo(rows.length / ok, 12);
    expect(row?.accuracy).toBeCloseTo((count(1, 1) + count(0, 0)) / rows.length, 12);
    expect(row?.precision).toBeCloseTo(count(1, 1) / (count(1, 1) + count(1, 0)), 12);
    expect(row?.recall).toBeCloseTo(count(1, 1) / (count(1, 1) + count(0, 1)), 12);
    expect(row?.f1).toBeCloseTo((2 * count(1, 1)) / (2 * count(1, 1) + count(1, 0) + count(0, 1)), 12);
    expect(row?.auc).toBeCloseTo(auc, 12);
    const meanOf = (of: (entry: (typeof rows)[number]) => number): number =>
      rows.reduce((sum, entry) => sum + of(entry), 0) / rows.length;
    expect(row?.brier).toBeCloseTo(
      meanOf((entry) => (entry.score - (entry.label ?? 0)) ** 2),
      12,
    );
    expect(row?.logLoss).toBeCloseTo(
      meanOf((entry) => -Math.log(entry.label === 1 ? entry.score : 1 - entry.score)),
      12,
    );
  });

  test('is cut into windows by the time of the prediction, labelled as the contract says', async () => {
    const names = async (window: 'hour' | 'day' | 'week' | 'month') =>
      (await windows({ model: 'binary', window })).map((row) => row.window);
    expect((await names('hour'))[0]).toBe('2025-12-29T00');
    expect((await names('day')).slice(0, 4)).toEqual(['2025-12-29', '2025-12-30', '2025-12-31', '2026-01-01']);
    expect((await names('week')).slice(0, 2)).toEqual(['2026-W01', '2026-W02']);
    expect(await names('month')).toEqual(['2025-12', '2026-01']);
    const whole = await windows({ model: 'binary' });
    const days = await windows({ model: 'binary', window: 'day' });
    expect(days.reduce((sum, row) => sum + row.labeled, 0)).toBe(whole[0]?.labeled);
  });

  test('can be asked for one version and for one segment', async () => {
    const ok = binaryRows().filter((row) => row.status === 'ok');
    const [second] = await windows({ model: 'binary', version: '2' });
    expect(second?.predictions).toBe(ok.filter((row) => row.version === '2').length);
    const [south] = await windows({ model: 'binary', segment: 'region=a=b' });
    expect(south?.predictions).toBe(ok.filter((row) => row.region === 'a=b').length);
    expect(await windows({ model: 'binary', segment: 'region=nowhere' })).toEqual([]);
  });

  test('is judged as of the end of each window by the labels that had come by then', async () => {
    const asOf = await windows({ model: 'binary', window: 'day', labelsBefore: 'window_end' });
    const rows = binaryRows().filter((row) => row.status === 'ok');
    const expected = asOf.map(
      (day) =>
        rows.filter(
          (row) => row.label !== undefined && row.ts >= day.fromMs && row.ts < day.toMs && row.labelTs < day.toMs,
        ).length,
    );
    expect(asOf.map((row) => row.labeled)).toEqual(expected);
    expect(expected.some((count, index) => count < (asOf[index]?.predictions ?? 0))).toBe(true);
    const [before] = await windows({ model: 'binary', labelsBefore: START + 5 * DAY });
    expect(before?.labeled).toBe(rows.filter((row) => row.label !== undefined && row.labelTs < START + 5 * DAY).length);
  });
});

describe('a regression', () => {
  test('has mae, rmse, r2 and bias (predicted minus actual), and no accuracy', async () => {
    const [row] = await windows({ model: 'regression' });
    const rows = regressionRows();
    const errors = rows.map((entry) => entry.prediction - entry.label);
    const mean = rows.reduce((sum, entry) => sum + entry.label, 0) / rows.length;
    const squares = errors.reduce((sum, error) => sum + error * error, 0);
    expect(row).toMatchObject({
      labeled: rows.length,
      accuracy: null,
      auc: null,
      f1: null,
      logLoss: null,
      brier: null,
    });
    expect(row?.mae).toBeCloseTo(errors.reduce((sum, error) => sum + Math.abs(error), 0) / rows.length, 9);
    expect(row?.rmse).toBeCloseTo(Math.sqrt(squares / rows.length), 9);
    expect(row?.bias).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / rows.length, 9);
    expect(row?.r2).toBeCloseTo(1 - squares / rows.reduce((sum, entry) => sum + (entry.label - mean) ** 2, 0), 9);
  });

  test('of a few whole numbers is taken for classes unless the configuration says what it is', async () => {
    const [inferred] = await windows({ model: 'stars' });
    const [told] = await windows({ model: 'stars', task: 'regression' });
    expect(inferred).toMatchObject({ accuracy: 0.75, mae: null });
    expect(told).toMatchObject({ accuracy: null, mae: 0.25 });
  });
});

test.each([
  ['words', { accuracy: 2 / 3, precision: null, auc: null, labeled: 3 }],
  ['booleans', { accuracy: 0.75, precision: 0.5, recall: 1, labeled: 4 }],
  ['mixed', { accuracy: 1, labeled: 3 }],
  ['relabelled', { accuracy: 1, labeled: 1 }],
  ['unlabelled', { accuracy: null, mae: null, auc: null, labeled: 0, labelCoverage: 0, predictions: 2 }],
  ['scores-only', { accuracy: null, auc: 1, labeled: 2 }],
])('model %s counts as its labels say', async (model, expected) => {
  const [row] = await windows({ model });
  expect(row).toMatchObject(expected);
});

test('however much is added up at a time, the numbers are the same', async () => {
  const counted = (rows: Awaited<ReturnType<typeof windows>>) =>
    rows.map((row) => [
      row.window,
      row.predictions,
      row.labeled,
      row.accuracy,
      row.f1,
      row.auc?.toFixed(12),
      row.logLoss?.toFixed(9),
    ]);
  for (const window of ['day', 'week', 'all'] as const) {
    const whole = await windows({ model: 'binary', window });
    for (const predictionsAtOnce of [1, 150]) {
      expect(counted(await windows({ model: 'binary', window, predictionsAtOnce }))).toEqual(counted(whole));
    }
  }
});

test('of two labels of a prediction in one batch the later counts, whichever it is', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `corrected-${index}`);
  const ts = new Date(START).toISOString();
  await sendRecords(
    store,
    'predictions',
    ids.map((id) => ({ prediction_id: id, ts, model: 'corrected', prediction: 1 })),
  );
  const label_ts = new Date(START + DAY).toISOString();
  const label = (id: string, value: number) => ({ prediction_id: id, model: 'corrected', label: value, label_ts });
  await sendRecords(store, 'labels', [...ids.map((id) => label(id, 0)), ...ids.map((id) => label(id, 1))]);
  expect(await windows({ model: 'corrected' })).toMatchObject([{ labeled: 40, accuracy: 1 }]);
});

test('a model without predictions has no windows, not zeros', async () => {
  expect(await windows({ model: 'nobody', window: 'day' })).toEqual([]);
  expect(await windows({ model: 'nobody' })).toEqual([]);
});

/** Scores in steps of 0.05, so that many are tied; every seventh call failed and every fifth has no label. */
function binaryRows() {
  return Array.from({ length: 900 }, (_, i) => {
    const score = (1 + ((i * 7) % 19)) / 20;
    return {
      id: `b-${String(i).padStart(4, '0')}`,
      ts: START + i * 1_200_000,
      version: i % 3 === 0 ? '2' : '10',
      region: i % 4 === 0 ? 'a=b' : 'north',
      status: i % 7 === 3 ? 'error' : 'ok',
      score,
      prediction: score > 0.6 ? 1 : 0,
      label: i % 5 === 4 ? undefined : (i * 31) % 100 < score * 100 ? 1 : 0,
      labelTs: START + i * 1_200_000 + ((i * 13) % 40) * 3_600_000,
    };
  });
}

function regressionRows() {
  return Array.from({ length: 200 }, (_, i) => ({
    id: `r-${i}`,
    prediction: 1000.5 + i + Math.sin(i) * 30,
    label: 1010 + i,
  }));
}

const SMALL: readonly (readonly [string, unknown, unknown, unknown?])[] = [
  ['stars', 5, 5],
  ['stars', 4, 3],
  ['stars', 1, 1],
  ['stars', 2, 2],
  ['words', 'cat', 'cat'],
  ['words', 'dog', 'cat'],
  ['words', 'bird', 'bird'],
  ['booleans', true, true],
  ['booleans', true, false],
  ['booleans', false, false],
  ['booleans', false, false],
  ['mixed', 1, true],
  ['mixed', '0', 0],
  ['mixed', false, '0'],
  ['relabelled', 1, 0],
  ['unlabelled', 1, undefined],
  ['unlabelled', 0, undefined],
  ['scores-only', null, 1, 0.9],
  ['scores-only', null, 0, 0.1],
];

function predictions() {
  return [
    ...binaryRows().map(({ id, ts, version, region, status, score, prediction }) => ({
      prediction_id: id,
      ts,
      model: 'binary',
      version,
      status,
      score,
      prediction,
      segments: { region },
    })),
    ...regressionRows().map(({ id, prediction }) => ({
      prediction_id: id,
      ts: START,
      model: 'regression',
      prediction,
    })),
    ...SMALL.map(([model, prediction, , score], i) => ({
      prediction_id: `s-${i}`,
      ts: START,
      model,
      prediction,
      score: score ?? null,
    })),
  ];
}

/** Half of the labels name their model, the others are found by the prediction. */
function labels() {
  const given = (i: number, model: string) => (i % 2 === 0 ? { model } : {});
  return [
    ...binaryRows().flatMap(({ id, label, labelTs }, i) =>
      label === undefined ? [] : [{ prediction_id: id, label, label_ts: labelTs, ...given(i, 'binary') }],
    ),
    ...regressionRows().map(({ id, label }, i) => ({
      prediction_id: id,
      label,
      label_ts: START + DAY,
      ...given(i, 'regression'),
    })),
    ...SMALL.flatMap(([model, , label], i) =>
      label === undefined ? [] : [{ prediction_id: `s-${i}`, label, label_ts: START + DAY, ...given(i, model) }],
    ),
    // A label of another model with the same id is none of ours.
    { prediction_id: 'b-0000', label: 1, label_ts: START + 50 * DAY, model: 'other' },
  ];
}

/** The newest label of a prediction wins, also when only one of the two names the model. */
function corrections() {
  const index = SMALL.findIndex(([model]) => model === 'relabelled');
  return [
    {
      prediction_id: `s-${index}`,
      label: 1,
      label_ts: START + 2 * DAY,
      ...(index % 2 === 0 ? {} : { model: 'relabelled' }),
    },
  ];
}
