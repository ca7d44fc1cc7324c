import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import type { PanelLink } from '../../src/grafana/panel-text.ts';
import {
  MODEL_FILTER,
  MODELS_FILTER,
  sharedUnit,
  signalByScopeSql,
  signalSeriesSql,
  TOP_SERIES,
} from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { PLAIN_STEPS, type Step } from '../../src/grafana/thresholds.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';
import { AppError } from '../../src/core/errors.ts';
import { findSignal } from '../../src/signals/catalogue.ts';
import type { SignalScope } from '../../src/signals/signal-definition.ts';

/** What a chart of one signal is called and says. */
export interface SignalChart {
  readonly id: number;
  readonly title: string;
  readonly signal: string;
  readonly act: string;
  readonly bands?: readonly Step[];
  readonly links?: readonly PanelLink[];
  readonly stacked?: boolean;
  /** Where the axis of a ratio ends while its values are small; the whole range by default. */
  readonly softMax?: number;
}

/** Returns the chart of one signal with a line for each of the chosen models. */
export function signalByModel(chart: SignalChart): PlacedPanel {
  const filter = `${MODELS_FILTER} AND model != ''`;
  return scoped(chart, { of: 'fleet', series: 'model', filter, scope: 'model', each: 'model' });
}

/** Returns the chart of one signal with a line for each GPU of the chosen models, and of no model. */
export function signalByGpu(chart: SignalChart, filter: string): PlacedPanel {
  return scoped(chart, { of: 'fleet', series: 'gpu', filter, scope: 'gpu', each: 'GPU' });
}

/** Returns the chart of one signal with a line for each feature of the chosen model. */
export function signalByFeature(chart: SignalChart, filter: string = MODEL_FILTER): PlacedPanel {
  return scoped(chart, { of: 'model', series: 'feature', filter, scope: 'feature', each: 'feature' });
}

/** Returns the chart of one signal of the whole fleet, which belongs to no model. */
export function fleetSignal(chart: SignalChart): PlacedPanel {
  const series = `'${chart.title}'`;
  return scoped(chart, { of: 'model', series, filter: "model = ''", scope: 'model', each: 'fleet' });
}

/** Returns the newest value of a signal of the chosen model as one number. */
export function signalStat(chart: SignalChart & { readonly steps?: readonly Step[] }): PlacedPanel {
  const { id, title, signal, act, steps = PLAIN_STEPS, links = [] } = chart;
  return statPanel({
    text: { id, title, shows: `Shows the newest value: ${helpOf(signal)}`, from: sourceOf(signal), act },
    unit: sharedUnit(signal),
    steps,
    links,
    target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: signalSeriesSql(signal, title) }),
  });
}

/** Returns what the catalogue says about a signal, as the rest of a sentence without its full stop. */
export function helpOf(signal: string): string {
  const definition = findSignal(signal);
  if (definition === undefined) throw new AppError('E_DASHBOARD', `The catalogue has no signal "${signal}".`);
  const { help } = definition;
  return `${help.slice(0, 1).toLowerCase()}${help.slice(1)}`.replace(/^gPU/, 'GPU');
}

function sourceOf(signal: string): string {
  return `signal ${signal} in table signals`;
}

function scoped(
  chart: SignalChart,
  rows: {
    readonly of: 'model' | 'fleet';
    readonly series: string;
    readonly filter: string;
    readonly scope: SignalScope;
    readonly each: string;
  },
): PlacedPanel {
  const { id, title, signal, act, bands, links = [], stacked = false, softMax } = chart;
  const { each, ...scope } = rows;
  const isWhole = findSignal(signal)?.bounded === true && softMax === undefined;
  return timeSeriesPanel({
    text: {
      id,
      title,
      shows: `Shows for each ${each}${each === 'fleet' ? '' : ` (the ${TOP_SERIES} highest)`}: ${helpOf(signal)}`,
      from: sourceOf(signal),
      act,
      empty: `No values of ${signal} in this time range.`,
    },
    unit: sharedUnit(signal),
    nameLabel: 'series',
    links,
    stacked,
    ...(isWhole ? { max: 1 } : {}),
    ...(softMax === undefined ? {} : { softMax }),
    ...(findSignal(signal)?.unit === 'count' ? { decimals: 0 } : {}),
    ...(bands === undefined ? {} : { bands }),
    targets: [clickHouseQuery({ refId: 'A', format: 'timeseries', sql: signalByScopeSql({ signal, ...scope }) })],
  });
}
