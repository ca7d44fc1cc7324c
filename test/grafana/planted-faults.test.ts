import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dashboards } from '../../dashboards/index.ts';
import { dashboardProblems } from '../../src/grafana/dashboard-problems.ts';
import { type JsonObject, objectsAt, textAt } from '../../src/grafana/json.ts';
import { describeError } from '../../src/core/errors.ts';
import { requireTool } from '../../scripts/real-components.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { shapeProblems } from './answer-shape.ts';
import { askLikeGrafana, choose } from './ask-like-grafana.ts';
import { queriesOf } from './dashboard-queries.ts';
import { linkTargetProblems } from './link-targets.ts';
import { plant } from './plant.ts';
import { grafanaSchemas } from './schema-problems.ts';
import { seedFleet } from './seed-fleet.ts';

const promtool = requireTool('promtool');
const made = dashboards.map((make) => make());
const { problems: typeProblems } = grafanaSchemas();
const folder = mkdtempSync(join(tmpdir(), 'plumbline-faults-'));
let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
  await seedFleet(test.store);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await test.stop();
});

type Edit = (text: string) => string;

/** A slip of the pen in the SQL, PromQL or JSON of a dashboard's first panel of a type. */
interface Fault {
  readonly what: string;
  readonly uid: string;
  /** Title of the panel, or part of it. */
  readonly panel: string;
  readonly sql?: Edit;
  readonly expr?: Edit;
  readonly at?: readonly [readonly (string | number)[], JsonObject[string] | undefined];
  readonly caught: RegExp;
}

const FAULTS: readonly Fault[] = [
  {
    what: 'a table that does not exist',
    uid: 'plumbline-fleet',
    panel: 'Models by trouble',
    sql: (sql) => sql.replaceAll('plumbline.signals', 'plumbline.signal'),
    caught: /Unknown table|does not exist/,
  },
  {
    what: 'a column that does not exist',
    uid: 'plumbline-model',
    panel: 'Errors by version',
    sql: (sql) => sql.replace('sum(errors)', 'sum(failures)'),
    caught: /failures/,
  },
  {
    what: 'an array that is not taken apart',
    uid: 'plumbline-feature-drift',
    panel: 'Quantiles',
    sql: (sql) => sql.replace('q[1] AS p05', 'q AS p05'),
    caught: /Column p05 is Array/,
  },
  {
    what: 'time that is not the first column',
    uid: 'plumbline-gpu-fleet',
    panel: 'Busy',
    sql: (sql) => sql.replace(/^SELECT (.*? AS time), (.*?), (.*)$/m, 'SELECT $2, $1, $3'),
    caught: /first column is not the time/,
  },
  {
    what: 'rows out of order',
    uid: 'plumbline-llm',
    panel: 'Waiting requests',
    sql: (sql) => sql.replace('ORDER BY time', 'ORDER BY Value, time DESC'),
    caught: /not in the order of time/,
  },
  {
    what: 'a label that is missing, so that GPUs share a line',
    uid: 'plumbline-gpu-fleet',
    panel: 'Temperature',
    sql: (sql) => sql.replace('gpu AS series', "'' AS series").replace('GROUP BY time, series', 'GROUP BY time, gpu'),
    caught: /two values at one time/,
  },
  {
    what: 'a state that never is, so that the panel is empty',
    uid: 'plumbline-data-quality',
    panel: 'Missing',
    sql: (sql) => sql.replace("state = 'ok'", "state = 'fine'"),
    caught: /answers nothing/,
  },
  {
    what: 'a macro with a misprint',
    uid: 'plumbline-alerts',
    panel: 'Alerts a day',
    sql: (sql) => sql.replace('$__fromTime', '$__fromTimes'),
    caught: /__fromTimes is used but not defined/,
  },
  {
    what: 'a query without a bound in time',
    uid: 'plumbline-data-quality',
    panel: 'Refused records',
    sql: (sql) => sql.replace('$__timeFilter(received)', 'true'),
    caught: /not bound by time/,
  },
  {
    what: 'bars over a number',
    uid: 'plumbline-fleet',
    panel: 'Most expensive',
    sql: (sql) => `SELECT length(model) AS n, 1 AS x FROM (${sql})`,
    caught: /Bars want one column of text/,
  },
  {
    what: 'PromQL with a bracket too few',
    uid: 'plumbline-self',
    panel: 'Records stored',
    expr: (expr) => expr.replace(/\)$/, ''),
    caught: /promtool/,
  },
  {
    what: 'a rate over no range',
    uid: 'plumbline-self',
    panel: 'Records refused',
    expr: (expr) => expr.replace('[$__rate_interval]', ''),
    caught: /promtool/,
  },
  {
    what: 'a variable nobody defined',
    uid: 'plumbline-llm',
    panel: 'Preemptions',
    sql: (sql) => sql.replace('$model', '$models'),
    caught: /models is used but not defined/,
  },
  {
    what: 'an option that Grafana does not know',
    uid: 'plumbline-fleet',
    panel: 'Health by model',
    at: [['options', 'showValues'], 'never'],
    caught: /additional properties/,
  },
  {
    what: 'a value that Grafana does not know',
    uid: 'plumbline-alerts',
    panel: 'Alerts a day',
    at: [['options', 'orientation'], 'upright'],
    caught: /orientation/,
  },
  {
    what: 'a drawing style that does not exist',
    uid: 'plumbline-self',
    panel: 'Messages owed',
    at: [['fieldConfig', 'defaults', 'custom', 'drawStyle'], 'curve'],
    caught: /drawStyle/,
  },
  {
    what: 'a threshold that is text',
    uid: 'plumbline-objectives',
    panel: 'Burning fast',
    at: [['fieldConfig', 'defaults', 'thresholds', 'steps'], [{ value: 'one', color: 'red' }]],
    caught: /must be/,
  },
  {
    what: 'a unit that does not exist',
    uid: 'plumbline-llm',
    panel: 'Time to first token',
    at: [['fieldConfig', 'defaults', 'unit'], 'seconds'],
    caught: /no unit that Grafana knows/,
  },
  {
    what: 'a link to a dashboard that is gone',
    uid: 'plumbline-llm',
    panel: 'Errors',
    at: [
      ['fieldConfig', 'defaults', 'links'],
      [{ title: 'x', url: '/d/plumbline-old?var-model=a&${__url_time_range}' }],
    ],
    caught: /no dashboard plumbline-old/,
  },
  {
    what: 'a link that sets a variable that is gone',
    uid: 'plumbline-gpu-fleet',
    panel: 'Busy by model',
    at: [
      ['fieldConfig', 'defaults', 'links'],
      [{ title: 'x', url: '/d/plumbline-model?var-modell=a&${__url_time_range}' }],
    ],
    caught: /no variable modell/,
  },
];

describe('a fault planted in a dashboard is found', () => {
  it.each(FAULTS)('$what', async (fault) => {
    const sound = made.find((dashboard) => textAt(dashboard, 'uid') === fault.uid) ?? {};
    const { planted, index } = plantIn(sound, fault);
    expect(planted).not.toEqual(sound);
    expect((await problemsOf(planted, index)).join('\n')).toMatch(fault.caught);
  });

  it('and nothing is found in sound dashboards', async () => {
    for (const dashboard of made) {
      const count = objectsAt(dashboard, 'panels').length;
      for (let index = 0; index < count; index += 1) expect(await problemsOf(dashboard, index)).toEqual([]);
    }
  });
});

function plantIn(dashboard: JsonObject, fault: Fault): { readonly planted: JsonObject; readonly index: number } {
  const panels = objectsAt(dashboard, 'panels');
  const index = panels.findIndex(
    (panel) => textAt(panel, 'type') !== 'row' && textAt(panel, 'title').startsWith(fault.panel),
  );
  const target = objectsAt(panels[index] ?? {}, 'targets')[0] ?? {};
  const [path, value] =
    fault.at ??
    (fault.sql === undefined
      ? [['targets', 0, 'expr'], fault.expr?.(textAt(target, 'expr'))]
      : [['targets', 0, 'rawSql'], fault.sql(textAt(target, 'rawSql'))]);
  return { planted: plant(dashboard, ['panels', index, ...path], value), index };
}

/** Every check of this project on one panel of a dashboard and on the dashboard as a whole. */
async function problemsOf(dashboard: JsonObject, index: number): Promise<readonly string[]> {
  const panel = objectsAt(dashboard, 'panels')[index] ?? {};
  const alone = { uid: 'alone', templating: {}, annotations: {}, panels: [panel] };
  const answers = await Promise.all(queriesOf(alone).map(({ sql, purpose }) => askProblems(sql, purpose)));
  return [
    ...dashboardProblems(dashboard),
    ...typeProblems(dashboard),
    ...linkTargetProblems(dashboard, made),
    ...answers.flat(),
    ...objectsAt(panel, 'targets').flatMap((target) => promqlProblems(textAt(target, 'expr'))),
  ];
}

async function askProblems(sql: string, purpose: string): Promise<readonly string[]> {
  try {
    const answer = await askLikeGrafana(test.store, sql, { variables: choose(sql, ['version', 'gpu']) });
    return [...(answer.rows.length === 0 ? ['The query answers nothing.'] : []), ...shapeProblems(answer, purpose)];
  } catch (error) {
    return [describeError(error)];
  }
}

function promqlProblems(expr: string): readonly string[] {
  if (expr === '' || promtool === undefined) return [];
  const ready = expr.replaceAll('$__rate_interval', '4m').replaceAll('${model}', 'm');
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panel', rules: [{ record: 'x', expr: ready }] }] }));
  const result = spawnSync(promtool, ['check', 'rules', file], { encoding: 'utf8' });
  return result.status === 0 ? [] : [`promtool: ${result.stdout}${result.stderr}`];
}
