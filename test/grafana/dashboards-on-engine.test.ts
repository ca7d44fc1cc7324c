import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import { objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';
import { catalogue } from '../../src/signals/catalogue.ts';
import { rollSignalHours } from '../../src/store/queries/signal-hours.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { type Answer, shapeProblems } from './answer-shape.ts';
import { ALL_VERSIONS, type AskOptions, askLikeGrafana, choose, VALUES } from './ask-like-grafana.ts';
import { queriesOf } from './dashboard-queries.ts';
import { FROM_MS, MODEL, seedFleet, TO_MS, VERSIONS } from './seed-fleet.ts';

/** Dashboards whose queries are of no chosen model. */
const OF_ALL_MODELS = new Set(['plumbline-fleet', 'plumbline-self']);

const queries = dashboards.flatMap((make) => queriesOf(make()));
let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
  await seedFleet(test.store);
});
afterAll(async () => test.stop());

describe('every query of every dashboard', () => {
  const purposes = new Set(queries.map(({ purpose }) => purpose));

  it('is found: panels, variables and annotations', () => {
    expect([...purposes].toSorted()).toEqual([
      'annotation',
      'barchart',
      'heatmap',
      'stat',
      'status-history',
      'table',
      'timeseries',
      'variable',
    ]);
  });

  it.each(queries)('$name answers with rows of its model in the shape of a $purpose', async ({ uid, sql, purpose }) => {
    const answer = await ask(sql, { variables: choose(sql, ['version', 'gpu']) });
    expect(answer.rows.length).toBeGreaterThan(0);
    expect(shapeProblems(answer, purpose)).toEqual([]);
    const values = purpose === 'variable' ? [] : answer.rows.flatMap((row) => Object.values(row));
    const forbidden = OF_ALL_MODELS.has(uid) ? [555] : [999, 555, 'Not ours'];
    expect(values.filter((value) => forbidden.some((one) => one === value))).toEqual([]);
  });

  it.each(queries.filter(({ sql }) => sql.includes('$__conditionalAll')))(
    '$name runs for one version',
    async ({ sql }) => {
      const answer = await ask(sql, { variables: choose(sql, []) });
      expect(answer.rows.length).toBeGreaterThan(0);
      const versions = answer.rows.flatMap((row) => row['version'] ?? []);
      expect(versions.filter((version) => version !== '2' && version !== '')).toEqual([]);
    },
  );
});

it('every aggregate of the catalogue runs on table signals', async () => {
  const aggregates = [...new Set(catalogue.map(({ sql }) => sql))];
  const columns = aggregates.map((sql, index) => `${sql} AS x${index}`).join(', ');
  const rows = await test.store.rows({
    name: 'aggregates',
    sql: `SELECT ${columns} FROM signals WHERE signal = 'accuracy'`,
  });
  expect(rows).toEqual([Object.fromEntries(aggregates.map((_sql, index) => [`x${index}`, expect.any(Number)]))]);
});

describe('panel', () => {
  it.each([60_000, 300_000])(
    'traffic shows the true rate in buckets of %i ms, also at the edges',
    async (intervalMs) => {
      const sql = sqlOf('Traffic by version');
      const range = { fromMs: FROM_MS + 30_000, toMs: TO_MS - 30_000 };
      const { rows } = await ask(sql, { intervalMs, ...range });
      expect(rows.filter(({ version }) => version === '1').map((row) => row['Value'])).toEqual(
        Array.from({ length: intervalMs === 60_000 ? 59 : 11 }, () => 2),
      );
      expect(new Set(rows.filter(({ version }) => version === '2').map((row) => row['Value']))).toEqual(new Set([1]));
    },
  );

  it('errors shows errors over requests', async () => {
    const { rows } = await ask(sqlOf('Errors by version'), { intervalMs: 600_000 });
    expect(rows.map(({ version, Value }) => [version, Value]).slice(0, 2)).toEqual([
      ['1', 0.05],
      ['2', 0],
    ]);
  });

  it('latency merges sketches within their one percent', async () => {
    const { rows } = await ask(sqlOf('Latency against its objective'), { intervalMs: 3_600_000 });
    const [row] = z.array(z.object({ p50: z.number(), p95: z.number(), p99: z.number() })).parse(rows);
    expect(Math.abs((row?.p50 ?? 0) - 0.05)).toBeLessThan(0.0011);
    expect(Math.abs((row?.p95 ?? 0) - 0.095)).toBeLessThan(0.002);
    expect(Math.abs((row?.p99 ?? 0) - 0.099)).toBeLessThan(0.002);
  });

  it('p99 of objective divides one by the other', async () => {
    const { rows } = await ask(sqlOf('p99 of objective'));
    expect(rows.every((row) => Math.abs(Number(row['p99 of objective']) - 0.495) < 1e-9)).toBe(true);
  });

  it('drift shows only the newest evaluation of a minute', async () => {
    const { rows } = await ask(sqlOf('Prediction drift', 1));
    expect(new Set(rows.map((row) => row['all features']))).toEqual(new Set([0.05]));
  });

  it('the newest retraining is told in the word of its outcome', async () => {
    const { rows } = await ask(sqlOf('Newest retraining'));
    expect(new Set(rows.map((row) => row['Newest retraining']))).toEqual(new Set([-1]));
    const panels = dashboards.flatMap((make) => objectsAt(make(), 'panels'));
    const panel = panels.find((one) => textAt(one, 'title') === 'Newest retraining') ?? {};
    const [mapping = {}] = objectsAt(objectAt(objectAt(panel, 'fieldConfig'), 'defaults'), 'mappings');
    expect(textAt(objectAt(objectAt(mapping, 'options'), '-1'), 'text')).toBe('Did not help');
  });

  it('quality leaves out minutes without data and other scopes', async () => {
    const accuracy = await ask(sqlOf('Quality and label coverage', 0));
    expect(new Set(accuracy.rows.map((row) => row['accuracy']))).toEqual(new Set([0.9]));
    const auc = await ask(sqlOf('Quality and label coverage', 2));
    expect(auc.rows).toHaveLength(50);
  });

  it('business metrics go by the name they were sent with', async () => {
    const { rows } = await ask(sqlOf('Business metrics'));
    expect(new Set(rows.map(({ metric }) => metric))).toEqual(new Set(['bookings_usd', 'conversion_ratio']));
    const baseline = await ask(sqlOf('Business against baseline'));
    expect(baseline.rows[0]).toMatchObject({ metric: 'bookings_usd', Value: 0.98 });
  });

  it('drift by feature shows the twenty that moved most', async () => {
    const { rows } = await ask(sqlOf('Drift of the features that moved most'));
    const features = new Set(rows.map(({ feature }) => feature));
    expect(features.size).toBe(20);
    expect(features.has('feature_14')).toBe(true);
    expect(features.has('feature_13')).toBe(false);
    // The verdict counts, not the number: a stable feature is green.
    expect(new Set(rows.filter(({ feature }) => feature === 'feature_0').map(({ Value }) => Value))).toContain(3);
  });

  it('features by drift shows each feature once, from its newest closed window if it has one', async () => {
    const { rows } = await ask(sqlOf('Features by drift'));
    expect(rows).toHaveLength(5 + 21);
    const shown = rows.map(({ feature, psi_corrected, window }) => [feature, [psi_corrected, window]]);
    expect(Object.fromEntries(shown)).toMatchObject({
      feature_0: [0, 'closed'],
      feature_1: [0.1, 'closed'],
      feature_2: [0.2, 'closed'],
      feature_9: [0.01, 'provisional'],
      '(prediction score)': [null, 'provisional'],
    });
  });
});

describe('panel of another dashboard', () => {
  const fleetRows = async (sql: string) => (await ask(sql)).rows;

  it('fleet table counts troubles and firing alerts of each model', async () => {
    const rows = await fleetRows(sqlOf('Models by trouble', 0, 'plumbline-fleet'));
    // Errors of 3.3 % over an objective of 1 %, a drift alarm, and one alert that still fires.
    expect(rows.find(({ model }) => model === MODEL)).toMatchObject({ trouble: 3, alerts: 1, worst: 'warning' });
    expect(rows.find(({ model }) => model === MODEL)?.['p99_of_objective']).toBeCloseTo(0.495, 9);
  });

  it('health shows the worst alert of each model in its minutes, and quiet ones as 0', async () => {
    const rows = await fleetRows(sqlOf('Health by model', 0, 'plumbline-fleet'));
    const at = (minute: string) =>
      rows.find(({ model, time }) => model === MODEL && String(time).slice(11, 16) === minute)?.['Value'];
    expect([at('10:10'), at('10:30'), at('10:45'), at('10:55')]).toEqual([0, 3, 0, 2]);
  });

  it('histogram gives shares of the reference and of the time range by decile, and by category', async () => {
    const sql = sqlOf('Reference and now: $feature', 0, 'plumbline-feature-drift');
    const numbers = await fleetRows(sql);
    expect(numbers.map((row) => [row['reference'], row['time range']])).toEqual([
      [0.25, 0.2],
      [0.25, 0.25],
      [0.25, 0.25],
      [0.25, 0.25],
      [0, 0.05],
    ]);
    const { rows } = await ask(sql, {
      variables: { values: { ...VALUES, version: VERSIONS, feature: ['feature_2'] } },
    });
    expect(rows.map((row) => row['bucket'])).toEqual(['(unseen)', 'AA', 'UA', 'DL']);
  });

  it('objectives tell what is left of the budget of errors', async () => {
    const [row] = await fleetRows(sqlOf('Models and their objectives', 0, 'plumbline-objectives'));
    expect(row).toMatchObject({ model: MODEL, requests: 10_800 });
    // 6 errors of 180 requests a minute, 1 % allowed.
    expect(row?.['error_budget_left']).toBeCloseTo(1 - 6 / 180 / 0.01, 9);
  });

  it('alert review counts an alert once, with its length', async () => {
    const rows = await fleetRows(sqlOf('Rules by noise', 0, 'plumbline-alerts'));
    expect(rows).toMatchObject([
      { alert: 'Drifted', fired: 1, models: 1 },
      { alert: 'Slow', fired: 1, models: 1, median_seconds: 900 },
    ]);
  });

  it('cost by team adds up the models of a namespace', async () => {
    const rows = await fleetRows(sqlOf('Cost by team', 0, 'plumbline-fleet'));
    expect(rows).toEqual([
      { team: '(elsewhere)', 'USD an hour': 999 },
      { team: 'serving', 'USD an hour': 7 },
    ]);
  });

  it('alert review tells how soon a page was taken on, by the first to do so', async () => {
    expect(await fleetRows(sqlOf('Taken on after', 0, 'plumbline-alerts'))).toMatchObject([{ Value: 120 }]);
    const rows = await fleetRows(sqlOf('Newest alerts', 0, 'plumbline-alerts'));
    expect(rows.map((row) => [row['alert'], row['acknowledged_seconds']])).toEqual([
      ['Drifted', null],
      ['Slow', 120],
    ]);
  });

  it('alert review counts the pages of critical rules only', async () => {
    expect(await fleetRows(sqlOf('Pages a week by rule', 0, 'plumbline-alerts'))).toEqual([
      { rule: 'Slow', 'last 7 days': 1, 'a mean week': 1 },
    ]);
  });

  it('alert review counts the alarms of each clause that compound rules avoided', async () => {
    expect(await fleetRows(sqlOf('Alarms avoided', 0, 'plumbline-alerts'))).toMatchObject([{ Value: 2 }]);
    expect(await fleetRows(sqlOf('Alarms that compound rules avoided', 0, 'plumbline-alerts'))).toEqual([
      { alert: 'Slow', clause: 'latency high', alarms: 2, minutes: 10 },
    ]);
  });

  it('silences in force are neither over nor removed, and read as they were written', async () => {
    expect(await fleetRows(sqlOf('Silences in force', 0, 'plumbline-alerts'))).toMatchObject([
      { matched: 'alert=Slow, model!=~o.*', comment: 'known' },
    ]);
  });

  it('heatmap counts the requests of each span of time, not those below it too', async () => {
    const rows = await fleetRows(sqlOf('Time to first token, how many requests', 0, 'plumbline-llm'));
    expect(rows).toHaveLength(59);
    expect(rows[0]).toMatchObject({ '100 ms': 2, '250 ms': 0, '500 ms': 3, '750 ms': 0, '10 s': 0, longer: 1 });
  });

  it('drift by segment compares with the same hours a week before', async () => {
    const week = 7 * 86_400_000;
    const hour = 3_600_000;
    const { rows } = await ask(sqlOf('Drift by segment', 0, 'plumbline-feature-drift'), {
      fromMs: FROM_MS + week,
      toMs: TO_MS + week - hour / 2,
    });
    expect(rows).toEqual([]);
    const [now] = await fleetRows(sqlOf('Drift by segment', 0, 'plumbline-feature-drift'));
    expect(now).toMatchObject({ segment: 'carrier=AA', requests: 10_800, share: 1, share_before: null, score: 0.4 });
  });

  it('reads the hours when the range is long', async () => {
    const sql = sqlOf('Traffic by version');
    const { rows } = await ask(sql, {
      fromMs: TO_MS - 30 * 86_400_000,
      toMs: TO_MS + 3_600_000,
      intervalMs: 1_800_000,
    });
    expect(rows).toMatchObject([
      { version: '1', Value: 2 },
      { version: '2', Value: 1 },
    ]);
  });
});

describe('a range of a week', () => {
  const range = { fromMs: TO_MS - 7 * 86_400_000, toMs: TO_MS + 300_000, intervalMs: 600_000 };
  const ofSignals = queries.filter(({ sql }) => sql.includes('signals_per_hour'));
  const answers = async () => {
    const found = new Map<string, readonly string[]>();
    for (const { name, sql } of ofSignals) {
      const { rows } = await ask(sql, { variables: choose(sql, ['version', 'gpu']), ...range });
      found.set(name, rows.map((row) => rounded(row)).toSorted());
    }
    return found;
  };

  it('says the same from hours as from minutes, with the minutes that no hour has yet', async () => {
    await test.store.command({
      name: 'one_minute_more',
      sql: `INSERT INTO signals SELECT t + 3600, signal, model, version, feature, segment, gpu, value, state, evaluated_at FROM signals FINAL WHERE t = ${TO_MS / 1000 - 3600}`,
    });
    const fromMinutes = await answers();
    expect(fromMinutes.size).toBeGreaterThan(20);
    expect([...fromMinutes].filter(([, rows]) => rows.length === 0)).toEqual([]);
    const hours = [FROM_MS / 1000];
    await test.store.command({ name: 'roll', sql: rollSignalHours, parameters: { hours } });
    const fromHours = await answers();
    expect(Object.fromEntries(fromHours)).toEqual(Object.fromEntries(fromMinutes));
    // What only the hours hold shows that it is they that are read.
    await test.store.command({
      name: 'mark',
      sql: `INSERT INTO signals_per_hour SELECT t, signal, model, version, feature, segment, gpu, n, 77, 77, 77, 77, newest_t, now64(3) + 1 FROM signals_per_hour FINAL`,
    });
    const marked = await answers();
    const unread = [...marked].filter(([name, rows]) => String(rows) === String(fromHours.get(name)));
    expect(unread.map(([name]) => name).filter((name) => !name.includes('variable'))).toEqual([]);
  });
});

describe('annotations', () => {
  it('mark changes of the model and of everything by kind', async () => {
    expect((await ask(sqlOf('Deploys'))).rows).toMatchObject([
      { title: 'Version 2 out', text: 'deploy of version 2 https://ci.example/7', tags: `deploy,${MODEL},2` },
    ]);
    expect((await ask(sqlOf('Retrains'))).rows).toMatchObject([{ title: 'Weekly retrain' }]);
    expect((await ask(sqlOf('Other changes'))).rows).toMatchObject([{ title: 'Kernel update', tags: 'node' }]);
  });

  it('span an alert from firing to resolved, or to the end when it still fires', async () => {
    const { rows } = await ask(sqlOf('Alerts'));
    const spans = rows.map((row) => [
      row['title'],
      row['text'],
      String(row['time']).slice(11, 16),
      String(row['timeEnd']).slice(11, 16),
    ]);
    expect(spans).toEqual([
      ['Slow', 'fine again', '10:25', '10:40'],
      ['Drifted', 'drifted', '10:50', '11:00'],
    ]);
  });

  it('show an alert that began before the picture and one that ended in it, not one that was over', async () => {
    const minute = 60_000;
    const inside = await ask(sqlOf('Alerts'), { fromMs: FROM_MS + 30 * minute, toMs: FROM_MS + 35 * minute });
    expect(inside.rows.map(({ title }) => title)).toEqual(['Slow']);
    const after = await ask(sqlOf('Alerts'), { fromMs: FROM_MS + 41 * minute, toMs: FROM_MS + 45 * minute });
    expect(after.rows).toEqual([]);
  });
});

function ask(sql: string, options: Partial<AskOptions> = {}): Promise<Answer> {
  return askLikeGrafana(test.store, sql, { variables: ALL_VERSIONS, ...options });
}

/** A row as text, its numbers to nine digits. */
function rounded(row: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === 'number' ? value.toPrecision(9) : value));
}

/** The nth query of the panel, or that of the annotation, of a title. */
function sqlOf(title: string, position = 0, uid = 'plumbline-model'): string {
  const refId = String.fromCodePoint('A'.charCodeAt(0) + position);
  const found = queries.find(({ name }) => [`${uid}: ${title} ${refId}`, `${uid}: ${title} annotation`].includes(name));
  if (found === undefined) throw new Error(`There is no query ${refId} of "${title}".`);
  return found.sql;
}
