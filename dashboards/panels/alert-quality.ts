import { barChartPanel } from '../../src/grafana/bar-chart-panel.ts';
import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { MODELS_FILTER, table } from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { tablePanel } from '../../src/grafana/table-panel.ts';
import { PLAIN_STEPS, type Step } from '../../src/grafana/thresholds.ts';
import { ACKNOWLEDGED, EPISODES, WEEKS } from './alert-sql.ts';

/** Minutes after which an unanswered page has been missed. */
const SLOW_SECONDS = 900;

const ANSWERED: readonly Step[] = [
  { value: null, color: 'green' },
  { value: SLOW_SECONDS / 3, color: 'orange' },
  { value: SLOW_SECONDS, color: 'red' },
];

/** Returns the number that says how soon people take pages on. */
export function acknowledgeStat(id: number): PlacedPanel {
  return statPanel({
    text: {
      id,
      title: 'Taken on after',
      shows: 'Shows the median time from firing to the first acknowledgement in PagerDuty, of alerts that got one.',
      from: 'tables alert_history and page_acknowledgements',
      act: 'Rising is tired people: compare with pages a week; empty means that no webhook of PagerDuty reaches Plumbline.',
      empty: 'nobody yet',
    },
    unit: 's',
    decimals: 0,
    steps: ANSWERED,
    target: clickHouseQuery({
      refId: 'A',
      format: 'timeseries',
      sql: [
        "SELECT $__toTime AS time, toFloat64(quantileExact(0.5)(dateDiff('second', e.fired, a.taken))) AS Value",
        `FROM ${EPISODES} AS e INNER JOIN ${ACKNOWLEDGED} AS a ON e.episode = a.episode HAVING count() > 0`,
      ].join('\n'),
    }),
  });
}

/** Returns the number of alarms that compound rules spared. */
export function avoidedStat(id: number): PlacedPanel {
  return statPanel({
    text: {
      id,
      title: 'Alarms avoided',
      shows: 'Shows the alarms that single clauses of compound rules would have given while the rule stayed silent.',
      from: 'table avoided_alarms',
      act: 'Compare with the alerts beside: this is what thresholds on single signals would have cost.',
    },
    unit: 'none',
    decimals: 0,
    steps: PLAIN_STEPS,
    target: clickHouseQuery({
      refId: 'A',
      format: 'timeseries',
      sql: `SELECT $__toTime AS time, toFloat64(count()) AS Value FROM ${table('avoided_alarms')} FINAL WHERE $__timeFilter(since) AND ${MODELS_FILTER}`,
    }),
  });
}

/** Returns the bars of pages a week by rule: lately, and over the whole range. */
export function pagesByRulePanel(id: number): PlacedPanel {
  return barChartPanel({
    text: {
      id,
      title: 'Pages a week by rule',
      shows: 'Shows how often each critical rule paged in the last seven days, and in a mean week of the time range.',
      from: 'table alert_history',
      act: 'More lately than usual is a change: look what was deployed; more than two a week for long is a rule to mend.',
      empty: 'No critical alert in this time range.',
    },
    unit: 'none',
    category: 'rule',
    horizontal: true,
    decimals: 1,
    colors: { 'last 7 days': 'red', 'a mean week': 'blue' },
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        `SELECT alert AS rule, toFloat64(countIf(fired > $__toTime - INTERVAL 7 DAY)) AS "last 7 days", count() / ${WEEKS} AS "a mean week"`,
        `FROM ${EPISODES} WHERE severity = 'critical' GROUP BY rule ORDER BY count() DESC, rule LIMIT 12`,
      ].join('\n'),
    }),
  });
}

/** Returns the table of what single clauses of compound rules would have said. */
export function avoidedAlarmsPanel(id: number): PlacedPanel {
  return tablePanel({
    text: {
      id,
      title: 'Alarms that compound rules avoided',
      shows:
        'Shows for each clause of a compound rule the alarms it would have given alone while the rule stayed silent, and the minutes it held.',
      from: 'table avoided_alarms',
      act: 'A clause with many is a threshold that says little alone; a rule with none of them could be simpler.',
      empty: 'No clause of a compound rule held alone in this time range.',
    },
    sortBy: { column: 'Alarms', descending: true },
    columns: [
      { name: 'alert', title: 'Rule', minWidth: 180, wrap: true },
      { name: 'clause', title: 'Clause', minWidth: 200, wrap: true },
      { name: 'alarms', title: 'Alarms', unit: 'none', decimals: 0, width: 80 },
      { name: 'minutes', title: 'Minutes', unit: 'none', decimals: 0, width: 85 },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        'SELECT alert, clause, toFloat64(count()) AS alarms, toFloat64(sum(a.minutes)) AS minutes',
        `FROM ${table('avoided_alarms')} AS a FINAL WHERE $__timeFilter(since) AND ${MODELS_FILTER} GROUP BY alert, clause ORDER BY alarms DESC, alert, clause LIMIT 100`,
      ].join('\n'),
    }),
  });
}

/** Returns the table of silences in force at the end of the range. */
export function silencesPanel(id: number): PlacedPanel {
  const matchers = [
    "arrayStringConcat(arrayMap(m -> concat(JSONExtractString(m, 'name'),",
    "if(JSONExtractBool(m, 'isEqual') OR NOT JSONHas(m, 'isEqual'), '', '!'), if(JSONExtractBool(m, 'isRegex'), '=~', '='),",
    "JSONExtractString(m, 'value')), JSONExtractArrayRaw(matchers)), ', ')",
  ].join(' ');
  return tablePanel({
    text: {
      id,
      title: 'Silences in force',
      shows:
        'Shows the silences made through the API that hold at the end of the time range: what, why, by whom, until when.',
      from: 'table silences',
      act: 'One that was forgotten hides the next incident: remove it with DELETE /v1/silences and its id.',
      empty: 'Nothing is silenced.',
    },
    sortBy: { column: 'Until', descending: false },
    columns: [
      { name: 'matched', title: 'What', minWidth: 180, wrap: true },
      { name: 'comment', title: 'Why', minWidth: 160, wrap: true },
      { name: 'created_by', title: 'By', width: 110 },
      { name: 'ends', title: 'Until', unit: 'dateTimeAsIso', width: 165 },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'table',
      sql: [
        `SELECT ${matchers} AS matched, comment, created_by, ends`,
        `FROM ${table('silences')} FINAL WHERE removed = 0 AND starts <= $__toTime AND ends > $__toTime ORDER BY ends, id LIMIT 200`,
      ].join('\n'),
    }),
  });
}
