import { findSignal } from '../signals/catalogue.ts';
import { hourPeaksSql } from '../store/queries/signal-peaks.ts';
import {
  type Compare,
  comparesOf,
  type Condition,
  leftTerm,
  rightTerm,
  type Rule,
  type SignalRange,
  type Term,
  termKey,
} from './rule.ts';
import { isOwnSignal, isPerFeature, levelOf } from './scope.ts';
import { isReadByHours } from './whole-hours.ts';

export interface ConditionSqlOptions {
  /** SQL of the minute that is decided, a DateTime. */
  readonly minute: string;
  /** Thresholds of single models for a signal of an alert. */
  readonly thresholdsFor: (
    alert: string,
    signal: string,
  ) => readonly { readonly model: string; readonly value: number }[];
  readonly isFleetAlert: (alert: string) => boolean;
}

/**
 * Returns a query for ClickHouse with one row for every instance of the rule's scope that has data in the minute: its
 * labels, and `firing`, which is 1 where the condition holds and no explaining alert fires.
 */
export function conditionSql(rule: Rule, options: ConditionSqlOptions): string {
  const columns = columnsOf(rule);
  const labels = labelsOf(rule);
  const own = columns.filter(({ isOwn }) => isOwn);
  const others = columns.filter(({ isOwn }) => !isOwn);
  const condition = conditionText(rule.when, { rule, columns, options });
  const unless = rule.unless.map((alert) => `\n  AND NOT (${explainedBy(alert, rule, options)})`).join('');
  const joined =
    others.length === 0
      ? ''
      : `\nLEFT JOIN (\n${indent(valuesSql(rule, others, ['model'], options))}\n) AS of_model ON own.model = of_model.model`;
  const seen = own.filter(({ isCompared }) => isCompared).map(({ name }) => `own.${name} IS NOT NULL`);
  const shown = labels.map((label) => `own.${label} AS ${label}, `).join('');
  return `SELECT ${rule.scope === 'fleet' ? "'fleet' AS scope, " : shown}toFloat64((${condition})${unless}) AS firing
FROM (
${indent(valuesSql(rule, own, rule.scope === 'fleet' ? ['model'] : labels, options))}
) AS own${joined}
WHERE ${seen.join(' OR ')}
SETTINGS join_use_nulls = 1`;
}

/** Returns a query for the present value of one term of a rule, by the labels of the rule's scope that the term has. */
export function termSql(rule: Rule, term: Term, options: ConditionSqlOptions): string {
  const level = levelFor(rule, term.signal);
  const labels = rule.scope === 'fleet' ? [] : level === 'model' ? ['model'] : ['model', level];
  const column = { name: 'reading', term, isOwn: true, isCompared: true };
  const values = valuesSql(rule, [column], rule.scope === 'fleet' ? ['model'] : labels, options);
  const shown = rule.scope === 'fleet' ? "'fleet' AS scope, " : labels.map((label) => `${label}, `).join('');
  return `SELECT ${shown}reading AS value FROM (\n${indent(values)}\n) WHERE reading IS NOT NULL`;
}

/** One value of a rule as a column. */
interface Column {
  readonly name: string;
  readonly term: Term;
  /** Whether the signal has values of the rule's own scope, else it is read from the model. */
  readonly isOwn: boolean;
  /** Whether it stands on the left of a compare; only those show that an instance is there. */
  readonly isCompared: boolean;
}

interface Context {
  readonly rule: Rule;
  readonly columns: readonly Column[];
  readonly options: ConditionSqlOptions;
}

function columnsOf(rule: Rule): readonly Column[] {
  const columns = new Map<string, Column>();
  const add = (term: Term | undefined, isCompared: boolean): void => {
    if (term === undefined) return;
    const key = termKey(term);
    const known = columns.get(key);
    columns.set(key, {
      name: known?.name ?? `v${columns.size}`,
      term,
      isOwn: isOwnSignal(rule.scope, findSignal(term.signal)?.scope ?? []),
      isCompared: isCompared || known?.isCompared === true,
    });
  };
  for (const compare of comparesOf(rule.when)) {
    add(leftTerm(compare), true);
    add(rightTerm(compare), false);
  }
  return [...columns.values()];
}

function labelsOf({ scope }: Rule): readonly string[] {
  if (scope === 'fleet') return [];
  return scope === 'model' ? ['model'] : ['model', scope];
}

function levelFor(rule: Rule, signal: string): 'model' | 'version' | 'segment' | 'gpu' {
  return levelOf(rule.scope, findSignal(signal)?.scope ?? []);
}

/** First each series by itself, then the worst of a model's features. */
function valuesSql(
  rule: Rule,
  columns: readonly Column[],
  labels: readonly string[],
  options: ConditionSqlOptions,
): string {
  const { minute } = options;
  const outer = columns.map(({ name, term }) => `${foldOf(term)}(${name}) AS ${name}`).join(', ');
  const rows = [...new Set(columns.map(({ term }) => `(${rowsText(rule, term)} AND ${timeText(term, minute)})`))];
  const minutes = `FROM signals FINAL
  WHERE state = 'ok' AND isFinite(value) AND (
    ${rows.join('\n    OR ')})`;
  const peaks = [...new Set(columns.flatMap(({ term }) => peaksText(rule, term, minute)))];
  const named = `SELECT t, signal, model, version, feature, segment, gpu, value, 1 AS n, 0 AS of\n  ${minutes}`;
  const source = peaks.length === 0 ? minutes : `FROM (\n${indent(indent([named, ...peaks].join('\nUNION ALL\n')))})`;
  const inner = columns.map(({ name, term }) => `${valueText(term, minute, peaks.length > 0)} AS ${name}`);
  return `SELECT ${labels.join(', ')}, ${outer}
FROM (
  SELECT signal, model, version, feature, segment, gpu,
    ${inner.join(',\n    ')}
  ${source}
  GROUP BY signal, model, version, feature, segment, gpu)
GROUP BY ${labels.join(', ')}`;
}

/** The hours that the range of a term holds wholly, as rows beside those of the minutes: `of` says how long the range is. */
function peaksText(rule: Rule, term: Term, minute: string): readonly string[] {
  const { range } = term;
  if (range === undefined || !isReadByHours(range)) return [];
  const sql = hourPeaksSql({ ...wholeHours(range, minute), where: rowsText(rule, term) });
  return [
    `SELECT t, signal, model, version, feature, segment, gpu, most AS value, n, ${range.durationMs / 1000} AS of FROM (\n${indent(sql)})`,
  ];
}

function wholeHours({ durationMs }: SignalRange, minute: string): { readonly from: string; readonly to: string } {
  return { from: `toStartOfHour(${minute} - ${durationMs / 1000}) + 3600`, to: `toStartOfHour(${minute})` };
}

function foldOf({ signal, feature = 'max' }: Term): string {
  return isPerFeature(findSignal(signal)?.scope ?? []) ? feature : 'max';
}

function valueText({ signal, range }: Term, minute: string, hasHours: boolean): string {
  const isByHours = range !== undefined && isReadByHours(range);
  const time = timeText({ signal, range }, minute);
  const ownRows = isByHours ? `(of = ${range.durationMs / 1000} OR of = 0 AND ${time})` : `of = 0 AND ${time}`;
  const condition = `signal = '${signal}' AND ${hasHours ? ownRows : time}`;
  if (range === undefined) return `anyOrNullIf(value, ${condition})`;
  const value = AGGREGATES[range.aggregate](condition);
  const { atLeast = 1 } = range;
  const count = isByHours ? `sumIf(n, ${condition})` : `countIf(${condition})`;
  return atLeast === 1 ? value : `if(${count} >= ${atLeast}, ${value}, NULL)`;
}

/** The quantiles are those of PromQL: linear between order statistics. */
const AGGREGATES = {
  avg: (condition: string) => `avgOrNullIf(value, ${condition})`,
  max: (condition: string) => `maxOrNullIf(value, ${condition})`,
  min: (condition: string) => `minOrNullIf(value, ${condition})`,
  last: (condition: string) => `argMaxOrNullIf(value, t, ${condition})`,
  p95: (condition: string) => `quantileExactInclusiveOrNullIf(0.95)(value, ${condition})`,
  median: (condition: string) => `quantileExactInclusiveOrNullIf(0.5)(value, ${condition})`,
} as const;

function timeText({ range }: Term, minute: string): string {
  if (range === undefined) return `t = ${minute}`;
  const { durationMs, offsetMs = 0 } = range;
  const back = (ms: number): string => (ms === 0 ? minute : `${minute} - ${ms / 1000}`);
  const [begin, end] = [`t > ${back(offsetMs + durationMs)}`, `t <= ${back(offsetMs)}`];
  if (!isReadByHours(range)) return `${begin} AND ${end}`;
  const { from, to } = wholeHours(range, minute);
  return `(${begin} AND t < ${from} OR t >= ${to} AND ${end})`;
}

function rowsText(rule: Rule, { signal }: Term): string {
  const levels = findSignal(signal)?.scope ?? [];
  const level = levelFor(rule, signal);
  const filled = isPerFeature(levels) ? 'feature' : level;
  const below = ['version', 'feature', 'segment', 'gpu'].map((label) => `${label} ${label === filled ? '!=' : '='} ''`);
  const model =
    rule.scope === 'fleet' ? ["model = ''"] : rule.scope === 'gpu' && level === 'gpu' ? [] : ["model != ''"];
  return [`signal = '${signal}'`, ...model, ...below].join(' AND ');
}

function conditionText(condition: Condition, context: Context): string {
  if (condition.kind === 'compare') return compareText(condition, context);
  const parts = condition.of.map((child) => conditionText(child, context));
  if (condition.kind === 'all') return `(${parts.join(' AND ')})`;
  const any = `(${parts.join(' OR ')})`;
  return condition.kind === 'any' ? any : `NOT ${any}`;
}

function compareText(compare: Compare, context: Context): string {
  const operator = compare.op === 'above' ? '>' : '<';
  const right = rightTerm(compare);
  const { bound } = compare;
  const left = columnText(leftTerm(compare), context);
  if (bound.kind === 'number' || right === undefined) {
    return `ifNull(${left} ${operator} ${numberText(compare, context)}, 0)`;
  }
  const factor = bound.times === 1 ? '' : `${bound.times} * `;
  return `ifNull(${left} ${operator} ${factor}${columnText(right, context)}, 0)`;
}

function numberText({ bound, signal }: Compare, { rule, options }: Context): string {
  const value = bound.kind === 'number' ? bound.value : 0;
  const own = options.thresholdsFor(rule.alert, signal);
  if (own.length === 0 || rule.scope === 'fleet') return String(value);
  return `multiIf(${own.map((one) => `own.model = '${one.model}', ${one.value}`).join(', ')}, ${value})`;
}

function columnText(term: Term, { columns }: Context): string {
  const key = termKey(term);
  const column = columns.find((one) => termKey(one.term) === key);
  return `${column?.isOwn === false ? 'of_model' : 'own'}.${column?.name ?? 'NULL'}`;
}

/** What Plumbline's evaluator said last of the explaining alert, up to the minute. */
function explainedBy(alert: string, rule: Rule, { minute, isFleetAlert }: ConditionSqlOptions): string {
  const history = `SELECT argMax(transition, (at, indexOf(['keep_firing', 'firing_again', 'resolved', 'cancelled', 'pending', 'firing'], transition))) AS newest, any(alert_history.model) AS of
    FROM alert_history
    WHERE alert = '${alert}' AND at <= ${minute} AND at > ${minute} - INTERVAL 90 DAY GROUP BY scope_key`;
  const firing = `FROM (${history}) WHERE newest IN ('firing', 'keep_firing', 'firing_again')`;
  if (rule.scope === 'fleet' || isFleetAlert(alert)) return `(SELECT count() ${firing}) > 0`;
  return `own.model IN (SELECT of ${firing})`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
