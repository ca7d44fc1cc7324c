import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import { interpolate, type VariableValues } from '../../src/grafana/interpolate.ts';
import { type JsonObject, objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import { catalogue } from '../../src/signals/catalogue.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { FROM_MS, MODEL, seedFleet, TO_MS, VERSIONS } from './seed-fleet.ts';

interface DashboardQuery {
  readonly name: string;
  /** Panel type, or what else the query is for. */
  readonly purpose: string;
  readonly sql: string;
}

interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const ALL_VERSIONS: VariableValues = { values: { model: [MODEL], version: VERSIONS }, all: ['version'] };
const ONE_VERSION: VariableValues = { values: { model: [MODEL], version: ['2'] } };

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
      'stat',
      'status-history',
      'table',
      'timeseries',
      'variable',
    ]);
  });

  it.each(queries)('$name answers with rows of its model in the shape of a $purpose', async ({ sql, purpose }) => {
    const answer = await ask(sql);
    expect(answer.rows.length).toBeGreaterThan(0);
    expect(shapeProblems(answer, purpose)).toEqual([]);
    const values = purpose === 'variable' ? [] : answer.rows.flatMap((row) => Object.values(row));
    expect(values.filter((value) => value === 999 || value === 555 || value === 'Not ours')).toEqual([]);
  });

  it.each(queries.filter(({ sql }) => sql.includes('$__conditionalAll')))(
    '$name runs for one version',
    async ({ sql }) => {
      const answer = await ask(sql, { variables: ONE_VERSION });
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
    const { rows } = await ask(sqlOf('Drift'));
    expect(new Set(rows.map((row) => row['Drift']))).toEqual(new Set([0.05]));
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
    expect(features.has('feature_10')).toBe(true);
    expect(features.has('feature_9')).toBe(false);
  });

  it('features by drift shows each feature once, from its newest closed window if it has one', async () => {
    const { rows } = await ask(sqlOf('Features by drift'));
    expect(rows).toHaveLength(5);
    const shown = rows.map(({ feature, psi_corrected, window }) => [feature, [psi_corrected, window]]);
    expect(Object.fromEntries(shown)).toEqual({
      feature_0: [0, 'closed'],
      feature_1: [0.1, 'closed'],
      feature_2: [0.2, 'closed'],
      feature_9: [0.01, 'provisional'],
      '(prediction score)': [null, 'provisional'],
    });
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

/** Asks the engine as Grafana would: the browser fills variables, the plugin's backend expands macros. */
async function ask(
  sql: string,
  options: {
    readonly variables?: VariableValues;
    readonly intervalMs?: number;
    readonly fromMs?: number;
    readonly toMs?: number;
  } = {},
): Promise<Answer> {
  const { variables = ALL_VERSIONS, intervalMs = 60_000, fromMs = FROM_MS, toMs = TO_MS } = options;
  const ready = expandMacros(interpolate(sql, variables), { fromMs, toMs, intervalMs });
  const described = await test.store.rows({ name: 'describe', sql: `DESCRIBE TABLE (${ready})` });
  const rows = await test.store.rows({ name: 'panel', sql: ready });
  return {
    columns: z.array(z.object({ name: z.string(), type: z.string() })).parse(described),
    rows: z.array(z.record(z.string(), z.unknown())).parse(rows),
  };
}

const TIME = /^DateTime/;
const NUMBER = /^(?:Nullable\()?(?:Float|U?Int|Decimal)\d/;
const TEXT = /^(?:LowCardinality\()?String/;

/** Returns why Grafana could not show an answer for a purpose. */
function shapeProblems(answer: Answer, purpose: string): readonly string[] {
  const strange = answer.columns.filter(({ type }) => ![TIME, NUMBER, TEXT].some((known) => known.test(type)));
  const problems = strange.map(({ name, type }) => `Column ${name} is ${type}.`);
  if (purpose === 'table') return problems;
  const [first] = answer.columns;
  if (purpose === 'variable') {
    const isOneText = answer.columns.length === 1 && TEXT.test(first?.type ?? '');
    return [...problems, ...(isOneText ? [] : ['A variable wants one column of text.'])];
  }
  const times = answer.rows.map((row) => String(row[first?.name ?? '']));
  return [
    ...problems,
    ...(first?.name === 'time' && TIME.test(first.type) ? [] : ['The first column is not the time.']),
    ...(times.join() === times.toSorted().join() ? [] : ['The rows are not in the order of time.']),
    ...(purpose === 'annotation' ? annotationProblems(answer) : seriesProblems(answer)),
  ];
}

function seriesProblems(answer: Answer): readonly string[] {
  const labels = answer.columns.filter(({ type }) => TEXT.test(type)).map(({ name }) => name);
  const keys = answer.rows.map((row) => JSON.stringify(['time', ...labels].map((name) => row[name])));
  const numbers = answer.columns.filter(({ type }) => NUMBER.test(type));
  return [
    ...(numbers.length > 0 ? [] : ['There is no number to draw.']),
    ...(new Set(keys).size === keys.length ? [] : ['A series has two values at one time.']),
    ...numbers
      .filter(({ name }) => answer.rows.some((row) => typeof row[name] !== 'number'))
      .map(({ name }) => `Column ${name} has a value that is not a number.`),
  ];
}

function annotationProblems(answer: Answer): readonly string[] {
  const types = new Map(answer.columns.map(({ name, type }) => [name, type]));
  const texts = ['title', 'text', 'tags'].filter((name) => !TEXT.test(types.get(name) ?? ''));
  return texts.map((name) => `Column ${name} is not text.`);
}

function queriesOf(dashboard: JsonObject): readonly DashboardQuery[] {
  const variables = objectsAt(objectAt(dashboard, 'templating'), 'list').map((variable) => ({
    name: `variable ${textAt(variable, 'name')}`,
    purpose: 'variable',
    sql: textAt(objectAt(variable, 'query'), 'rawSql'),
  }));
  const annotations = objectsAt(objectAt(dashboard, 'annotations'), 'list').map((annotation) => ({
    name: `${textAt(annotation, 'name')} annotation`,
    purpose: 'annotation',
    sql: textAt(objectAt(annotation, 'target'), 'rawSql'),
  }));
  const panels = objectsAt(dashboard, 'panels').flatMap((panel) =>
    objectsAt(panel, 'targets').map((target) => ({
      name: `${textAt(panel, 'title')} ${textAt(target, 'refId')}`,
      purpose: textAt(panel, 'type'),
      sql: textAt(target, 'rawSql'),
    })),
  );
  return [...variables, ...annotations, ...panels].filter(({ sql }) => sql !== '');
}

/** The nth query of the panel, or that of the annotation, of a title. */
function sqlOf(title: string, position = 0): string {
  const refId = String.fromCodePoint('A'.charCodeAt(0) + position);
  const found = queries.find(({ name }) => name === `${title} ${refId}` || name === `${title} annotation`);
  if (found === undefined) throw new Error(`There is no query ${refId} of "${title}".`);
  return found.sql;
}
