import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import { heatmapPanel } from '../../src/grafana/heatmap-panel.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import {
  COMBINED,
  MODELS_FILTER,
  scopeFilter,
  sharedUnit,
  SIGNAL_TIME,
  signalRows,
  sqlList,
  table,
  topRows,
} from '../../src/grafana/sql.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

const QUANTILES = ['p50', 'p95', 'p99'] as const;

/** Returns the chart of the median, the 95th and the 99th percentile of what a server of language models times. */
export function tokenTimePanel(options: {
  readonly id: number;
  readonly title: string;
  readonly what: 'ttft' | 'inter_token';
  readonly shows: string;
  readonly act: string;
}): PlacedPanel {
  const { id, title, what, shows, act } = options;
  const signals = QUANTILES.map((quantile) => `llm_${what}_${quantile}_seconds`);
  return timeSeriesPanel({
    text: { id, title, shows, from: `signals ${signals.join(', ')} in table signals`, act, empty: NO_TOKENS },
    unit: sharedUnit(...signals),
    nameLabel: 'series',
    targets: [byModel(signals, `concat(model, ' ', replaceRegexpOne(signal, '^.*_(p[0-9]+)_seconds$', '\\\\1'))`)],
  });
}

/** Returns the chart of where the time of a request goes: waiting, prefill, decode, on top of each other. */
export function tokenPhasesPanel(id: number): PlacedPanel {
  const signals = ['serving_queue_time_seconds', 'llm_prefill_seconds', 'llm_decode_seconds'];
  const names =
    "transform(toString(signal), ['serving_queue_time_seconds', 'llm_prefill_seconds'], ['1 queue', '2 prefill'], '3 decode')";
  return timeSeriesPanel({
    text: {
      id,
      title: 'Where the time of a request goes',
      shows: 'Shows the mean time of a request in the queue, in prefill and in decode, on top of each other.',
      from: `signals ${signals.join(', ')} in table signals; vLLM tells them, other servers in part`,
      act: 'A thick queue wants another replica, a thick prefill shorter prompts or a prefix cache, a thick decode a smaller batch.',
      empty: 'The server of this model does not tell queue, prefill and decode apart.',
    },
    unit: sharedUnit(...signals),
    nameLabel: 'series',
    stacked: true,
    targets: [byModel(signals, `concat(model, ' ', ${names})`)],
  });
}

/** Upper bounds of the rows in seconds; those that vLLM has, and near those of others. */
const BOUNDS: readonly (readonly [number, string])[] = [
  [0.1, '100 ms'],
  [0.25, '250 ms'],
  [0.5, '500 ms'],
  [0.75, '750 ms'],
  [1, '1 s'],
  [2.5, '2.5 s'],
  [5, '5 s'],
  [10, '10 s'],
];

/** Returns the heatmap of the time to the first token: how many requests waited how long. */
export function firstTokenHeatmap(id: number): PlacedPanel {
  return heatmapPanel({
    text: {
      id,
      title: 'Time to first token, how many requests',
      shows:
        'Shows how many requests got their first token within each span of time; each row is named by its upper end.',
      from: 'table serving_samples, measure ttft_bucket, as the server counts them',
      act: 'Two bands are two kinds of prompts or a cache that some hit and some miss; a band that climbs is a queue.',
      empty: NO_TOKENS,
    },
    unit: 'none',
    maxColumns: 120,
    target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: heatmapSql() }),
  });
}

const NO_TOKENS = 'No server of this model tells when tokens come.';

/** Counters are told by their last value in each bucket of time, so that a month is not read sample by sample twice. */
function heatmapSql(): string {
  const rows = BOUNDS.map(([, name], index) => {
    const below = index === 0 ? '0' : `c[${index}]`;
    return `greatest(0, c[${index + 1}] - ${below}) AS "${name}"`;
  });
  const upTo = BOUNDS.map(([bound]) => `maxIf(n, le <= ${bound})`);
  return [
    `SELECT time, ${rows.join(', ')}, greatest(0, c[${BOUNDS.length + 1}] - c[${BOUNDS.length}]) AS "longer" FROM (`,
    `SELECT time, [${upTo.join(', ')}, max(n)] AS c FROM (`,
    'SELECT time, le, sum(if(value >= before, value - before, value)) AS n FROM (',
    'SELECT time, le, value, lagInFrame(value, 1, nan) OVER (PARTITION BY series, le ORDER BY time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before FROM (',
    `SELECT $__timeInterval(ts) AS time, series, le, max(value) AS value FROM ${table('serving_samples')}`,
    `WHERE $__timeFilter(ts) AND measure = 'ttft_bucket' AND ${MODELS_FILTER} GROUP BY time, series, le)`,
    ') WHERE isFinite(before) GROUP BY time, le) GROUP BY time) ORDER BY time',
  ].join('\n');
}

/** Most models in a chart that has three lines for each. */
const TOP_MODELS = 7;

function byModel(signals: readonly string[], series: string): ReturnType<typeof clickHouseQuery> {
  const filter = `${MODELS_FILTER} AND signal IN (${sqlList(signals)}) AND ${scopeFilter('model')}`;
  const rows = signalRows({ of: 'fleet', filter, columns: ['model', 'signal'], combine: 'avg' });
  return clickHouseQuery({
    refId: 'A',
    format: 'timeseries',
    sql: [
      `SELECT ${SIGNAL_TIME}, ${series} AS series, ${COMBINED.avg} AS Value`,
      `FROM ${topRows({ rows, by: 'model', columns: ['signal'], most: TOP_MODELS })}`,
      'GROUP BY time, series ORDER BY time, series',
    ].join('\n'),
  });
}
