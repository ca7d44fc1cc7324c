import { type DataFrame, rangeUtil, type TimeRange } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import { interpolate, type VariableValues } from '../../../src/grafana/interpolate.ts';
import { expandMacros } from '../../../src/grafana/macros.ts';
import { framesOfAnswer, framesOfSeries } from './to-frames.ts';

/** How long a scrape takes to come round; Grafana takes it from the data source. */
const SCRAPE_MS = 15_000;

/** Asks everything a panel asks, as the plugins do, and returns the frames. */
export async function queryPanel(options: {
  readonly panel: Panel;
  readonly width: number;
  readonly range: TimeRange;
  readonly chosen: VariableValues;
}): Promise<readonly DataFrame[]> {
  const { panel, range, chosen } = options;
  const points = panel.maxDataPoints ?? options.width;
  const { intervalMs } = rangeUtil.calculateInterval(range, points, panel.interval ?? undefined);
  const context = { fromMs: range.from.valueOf(), toMs: range.to.valueOf(), intervalMs };
  const frames: DataFrame[] = [];
  for (const raw of panel.targets ?? []) {
    const target = plainTarget(raw);
    if (target.sql !== '') {
      const sql = expandMacros(interpolate(target.sql, chosen), context);
      frames.push(...framesOfAnswer(await window.askClickHouse(sql), target.refId, target.format));
      continue;
    }
    const series = await window.askPrometheus({
      expression: interpolate(timesOf(target.expression, context), { ...chosen, source: 'prometheus' }),
      fromMs: context.fromMs,
      toMs: context.toMs,
      stepMs: intervalMs,
      instant: target.instant,
    });
    frames.push(...framesOfSeries(series, { refId: target.refId, legend: target.legend, table: target.isTable }));
  }
  return frames;
}

function timesOf(
  expression: string,
  context: { readonly fromMs: number; readonly toMs: number; readonly intervalMs: number },
): string {
  const rate = Math.max(context.intervalMs + SCRAPE_MS, 4 * SCRAPE_MS) / 1000;
  return expression
    .replaceAll(/\$__rate_interval|\$\{__rate_interval\}/g, `${rate}s`)
    .replaceAll(/\$__interval|\$\{__interval\}/g, `${context.intervalMs / 1000}s`)
    .replaceAll(/\$__range|\$\{__range\}/g, `${(context.toMs - context.fromMs) / 1000}s`);
}

interface Target {
  readonly refId: string;
  readonly sql: string;
  readonly format: number;
  readonly expression: string;
  readonly legend: string;
  readonly instant: boolean;
  readonly isTable: boolean;
}

function plainTarget(raw: object): Target {
  const text = (name: string): string => {
    const value: unknown = Reflect.get(raw, name);
    return typeof value === 'string' ? value : '';
  };
  return {
    refId: text('refId'),
    sql: text('rawSql'),
    format: Number(Reflect.get(raw, 'format') ?? 0),
    expression: text('expr'),
    legend: text('legendFormat'),
    instant: Reflect.get(raw, 'instant') === true,
    isTable: text('format') === 'table',
  };
}
