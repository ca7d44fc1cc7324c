import { AppError } from '../core/errors.ts';

/** What the plugin knows of a panel when it expands the macros of its query. */
export interface MacroContext {
  readonly fromMs: number;
  readonly toMs: number;
  readonly intervalMs: number;
}

/**
 * Returns SQL with the ClickHouse plugin's macros expanded as its backend does: comments blanked, text in quotes left
 * alone, unknown macros left as they are.
 *
 * @throws E_GRAFANA_MACRO  when a macro has the wrong number of arguments or a bad interval
 * @see grafana/clickhouse-datasource 4.20.0, pkg/macros/macros.go
 */
export function expandMacros(sql: string, context: MacroContext): string {
  let expanded = '';
  let position = 0;
  while (position < sql.length) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(sql);
    if (match === null) return expanded + sql.slice(position);
    const [token, name] = match;
    expanded += sql.slice(position, match.index);
    position = match.index + token.length;
    const macro = name === undefined ? undefined : MACROS.get(`__${name}`);
    if (macro === undefined) {
      expanded += token.startsWith('--') || token.startsWith('/*') ? ' '.repeat(token.length) : token;
      continue;
    }
    const call = sql[position] === '(' ? readArguments(sql, position) : undefined;
    const takesArguments = macro.arguments > 0 || call?.list.join('') === '';
    if (takesArguments && call !== undefined) position = call.end;
    expanded += expandOne(token, macro, takesArguments ? (call?.list ?? []) : [], context);
  }
  return expanded;
}

interface Macro {
  readonly arguments: number;
  expand(context: MacroContext, values: readonly string[]): string;
}

/** Text in quotes, comments, or a macro's name. */
const TOKEN = /'(?:\\[\s\S]|''|[^'\\])*'|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\$__(\w+)/g;

/** Macros of the backend by name: `__timeFilter` for `$__timeFilter`. */
export const MACROS: ReadonlyMap<string, Macro> = new Map(
  Object.entries({
    __timeFilter: one((context, column) => between(column, dateTime(context.fromMs), dateTime(context.toMs))),
    __timeFilter_ms: one((context, column) =>
      between(column, milliseconds(context.fromMs), milliseconds(context.toMs)),
    ),
    __dateFilter: one((context, column) => between(column, date(context.fromMs), date(context.toMs))),
    __dateTimeFilter: two(dateAndTime),
    __dt: two(dateAndTime),
    __timeFrom: one((context, column) => `${column} >= ${dateTime(context.fromMs)}`),
    __timeTo: one((context, column) => `${column} <= ${dateTime(context.toMs)}`),
    __fromTime: none((context) => dateTime(context.fromMs)),
    __toTime: none((context) => dateTime(context.toMs)),
    __fromTime_ms: none((context) => milliseconds(context.fromMs)),
    __toTime_ms: none((context) => milliseconds(context.toMs)),
    __timeInterval: one((context, column) => interval(column, Number(seconds(context)))),
    __timeInterval_ms: one(
      (context, column) =>
        `toStartOfInterval(toDateTime64(${column}, 3), INTERVAL ${Math.max(1, Math.trunc(context.intervalMs))} millisecond)`,
    ),
    __timeGroup: two((_context, column, period) => interval(column, periodSeconds(period))),
    __interval_s: none(seconds),
  } satisfies Record<string, Macro>),
);

function expandOne(token: string, macro: Macro, values: readonly string[], context: MacroContext): string {
  if (values.length !== macro.arguments && !(macro.arguments === 0 && values.join('') === '')) {
    throw macroError(`${token} expected ${macro.arguments} argument(s), received ${values.length}.`);
  }
  return macro.expand(context, values);
}

/** Reads `(a, f(b, c))` from its opening bracket: two arguments. */
function readArguments(sql: string, start: number): { readonly list: readonly string[]; readonly end: number } {
  const list: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < sql.length; at += 1) {
    const character = sql[at];
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if ((character === ',' && depth === 1) || depth === 0) {
      list.push(sql.slice(from, at).trim());
      from = at + 1;
    }
    if (depth === 0) return { list, end: at + 1 };
  }
  throw macroError(`A bracket is not closed after ${sql.slice(Math.max(0, start - 30), start)}.`);
}

function none(expand: (context: MacroContext) => string): Macro {
  return { arguments: 0, expand };
}

function one(expand: (context: MacroContext, value: string) => string): Macro {
  return { arguments: 1, expand: (context, [value = '']) => expand(context, value) };
}

function two(expand: (context: MacroContext, first: string, second: string) => string): Macro {
  return { arguments: 2, expand: (context, [first = '', second = '']) => expand(context, first, second) };
}

function between(column: string, from: string, to: string): string {
  return `${column} >= ${from} AND ${column} <= ${to}`;
}

function dateAndTime(context: MacroContext, day: string, time: string): string {
  const days = between(day, date(context.fromMs), date(context.toMs));
  return `(${days}) AND (${between(time, dateTime(context.fromMs), dateTime(context.toMs))})`;
}

function interval(column: string, every: number): string {
  return `toStartOfInterval(toDateTime(${column}), INTERVAL ${every} second)`;
}

function dateTime(ms: number): string {
  return `toDateTime(${Math.floor(ms / 1000)})`;
}

function milliseconds(ms: number): string {
  return `fromUnixTimestamp64Milli(${ms})`;
}

function date(ms: number): string {
  return `toDate('${new Date(ms).toISOString().slice(0, 10)}')`;
}

function seconds(context: MacroContext): string {
  return String(Math.max(1, Math.trunc(context.intervalMs / 1000)));
}

const PERIOD_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** A period in Go's notation: `90s`, `5m`, `1h30m`. */
function periodSeconds(text: string): number {
  const period = text.replaceAll(/^['"]|['"]$/g, '');
  const parts = [...period.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const total = parts.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (PERIOD_SECONDS[unit ?? ''] ?? Number.NaN),
    0,
  );
  const isWhole = parts.map(([part]) => part).join('') === period;
  if (!isWhole || Math.round(total) <= 0) throw macroError(`$__timeGroup: "${period}" is not a positive interval.`);
  return Math.round(total);
}

function macroError(message: string): AppError {
  return new AppError('E_GRAFANA_MACRO', message);
}
