import { stringify } from 'yaml';
import { findSignal } from '../signals/catalogue.ts';
import type { SignalUnit } from '../signals/signal-definition.ts';
import { runbookAddress } from './compile-prometheus.ts';
import { conditionSql, type ConditionSqlOptions, termSql } from './condition-sql.ts';
import { formatDuration } from './duration.ts';
import { PLACEHOLDER, placeholdersOf, type Rule, SUMMARY_NAMES, termsOf } from './rule.ts';

/** The minute that Grafana decides: the newest one that Plumbline has had half a minute to conclude. */
export const GRAFANA_MINUTE = 'toStartOfMinute($__toTime - INTERVAL 90 SECOND)';

export interface CompileGrafanaOptions {
  /** Uid of the ClickHouse data source; alert rules cannot use variables. */
  readonly datasourceUid?: string;
  readonly thresholdsFor?: ConditionSqlOptions['thresholdsFor'];
  readonly runbookUrl?: (runbook: string) => string;
}

/**
 * Returns a file of Grafana-managed alert rules (file provisioning, Grafana 12 and later) on Plumbline's ClickHouse.
 * Each asks one query for 0 or 1 per instance, so that a signal without data cannot turn the whole rule into NoData.
 */
export function compileGrafanaRules(rules: readonly Rule[], options: CompileGrafanaOptions = {}): string {
  const { datasourceUid = 'plumbline-clickhouse', thresholdsFor = () => [], runbookUrl } = options;
  const byAlert = new Map(rules.map((rule) => [rule.alert, rule]));
  const sql: ConditionSqlOptions = {
    minute: GRAFANA_MINUTE,
    thresholdsFor,
    isFleetAlert: (alert) => byAlert.get(alert)?.scope === 'fleet',
  };
  const group = {
    orgId: 1,
    name: 'plumbline',
    folder: 'Plumbline',
    interval: '1m',
    rules: rules.map((rule) => ruleOf(rule, { sql, datasourceUid, runbook: runbookAddress(rule, runbookUrl) })),
  };
  const head = '# Generated from alerts/*.yaml by `plumbline generate`; change the rules there.\n';
  return `${head}${stringify({ apiVersion: 1, groups: [group] }, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}

interface RuleContext {
  readonly sql: ConditionSqlOptions;
  readonly datasourceUid: string;
  readonly runbook: string;
}

function ruleOf(rule: Rule, { sql, datasourceUid, runbook }: RuleContext) {
  const shown = termsOf(rule).filter(({ signal }) => placeholdersOf(rule.summary).includes(signal));
  return {
    uid: `plumbline-${shortName(rule.alert)}`,
    title: rule.alert,
    condition: 'HOLDS',
    data: [
      query('FIRING', conditionSql(rule, sql), datasourceUid),
      ...shown.map((term) => query(term.signal, termSql(rule, term, sql), datasourceUid)),
      threshold('HOLDS', 'FIRING'),
    ],
    noDataState: 'OK',
    execErrState: 'Error',
    for: formatDuration(rule.forMs),
    keepFiringFor: formatDuration(rule.keepFiringForMs),
    missing_series_evals_to_resolve: 1,
    annotations: {
      summary: summaryOf(rule),
      ...(rule.description === undefined ? {} : { description: literal(rule.description) }),
      runbook_url: literal(runbook),
    },
    labels: {
      severity: rule.severity,
      service: 'plumbline',
      ...(rule.owner === undefined ? {} : { owner: literal(rule.owner) }),
      ...Object.fromEntries(Object.entries(rule.labels).map(([name, value]) => [name, literal(value)])),
    },
    isPaused: false,
  };
}

const UID_LIMIT = 40;

/** A uid has at most 40 characters; what is cut off is told apart by a checksum. */
function shortName(alert: string): string {
  const room = UID_LIMIT - 'plumbline-'.length;
  if (alert.length <= room) return alert;
  let sum = 0;
  for (const character of alert) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_679_616;
  return `${alert.slice(0, room - 5)}-${sum.toString(36).padStart(4, '0')}`;
}

/** A table with texts, which become labels, and one number. */
function query(refId: string, rawSql: string, datasourceUid: string) {
  return {
    refId,
    queryType: '',
    relativeTimeRange: { from: 600, to: 0 },
    datasourceUid,
    model: {
      refId,
      datasource: { type: 'grafana-clickhouse-datasource', uid: datasourceUid },
      editorType: 'sql',
      pluginVersion: '4.20.0',
      format: 1,
      queryType: 'table',
      rawSql,
    },
  };
}

function threshold(refId: string, expression: string) {
  const uid = '__expr__';
  return {
    refId,
    queryType: '',
    relativeTimeRange: { from: 0, to: 0 },
    datasourceUid: uid,
    model: {
      refId,
      type: 'threshold',
      expression,
      conditions: [{ evaluator: { type: 'gt', params: [0.5] } }],
      datasource: { type: uid, uid },
    },
  };
}

function summaryOf(rule: Rule): string {
  const fixed: Readonly<Record<string, string>> = {
    alert: rule.alert,
    severity: rule.severity,
    owner: rule.owner ?? '',
  };
  const names: readonly string[] = SUMMARY_NAMES;
  return rule.summary.replaceAll(PLACEHOLDER, (_, name: string) => {
    if (names.includes(name)) return fixed[name] ?? `{{ $labels.${name} }}`;
    return FORMATS[findSignal(name)?.unit ?? 'number'](`$values.${name}.Value`);
  });
}

const number = (suffix: string) => (value: string) => `{{ printf "%.4g" ${value} }}${suffix}`;

const FORMATS: Readonly<Record<SignalUnit, (value: string) => string>> = {
  seconds: (value) => `{{ humanizeDuration ${value} }}`,
  ratio: (value) => `{{ humanizePercentage ${value} }}`,
  per_second: number('/s'),
  bytes_per_second: number('B/s'),
  celsius: number('°C'),
  watts: number('W'),
  usd: number(' USD'),
  count: number(''),
  score: number(''),
  number: number(''),
};

function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}
