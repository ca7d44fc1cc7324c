import { commonAnnotations } from '../src/grafana/annotations.ts';
import { buildDashboard } from '../src/grafana/build-dashboard.ts';
import { clickHouseQuery } from '../src/grafana/clickhouse-query.ts';
import type { JsonObject } from '../src/grafana/json.ts';
import type { PlacedPanel, Section } from '../src/grafana/layout.ts';
import { DASHBOARD_UIDS, MODEL_OF_SERIES, toOneModel } from '../src/grafana/links.ts';
import { MODELS_FILTER, scopeFilter, SIGNAL_TIME, signalRows, TOP_SERIES, topRows } from '../src/grafana/sql.ts';
import { timeSeriesPanel } from '../src/grafana/time-series-panel.ts';
import { dataSourceVariable, modelsVariable } from '../src/grafana/variables.ts';
import { firstTokenHeatmap, tokenPhasesPanel, tokenTimePanel } from './panels/llm.ts';
import { type SignalChart, signalByModel } from './panels/signal-charts.ts';

/** Returns the dashboard of language models: does the first token come soon, and the rest in a smooth stream? */
export function llmServing(): JsonObject {
  return buildDashboard({
    uid: DASHBOARD_UIDS.llm,
    title: 'Plumbline / LLM serving',
    description: 'Do users get the first token soon and a smooth stream after it, and what holds them up?',
    variables: [
      dataSourceVariable('clickhouse'),
      dataSourceVariable('prometheus'),
      modelsVariable({ signals: ['llm_ttft_p95_seconds', 'llm_queue_depth', 'llm_kv_cache_ratio'], first: true }),
    ],
    annotations: commonAnnotations(MODELS_FILTER),
    links: [],
    sections: [usersSection(), causeSection(), worthSection()],
  });
}

const LINKS = [toOneModel(MODEL_OF_SERIES)];

function two(...charts: readonly [PlacedPanel, PlacedPanel]): Section['lines'][number] {
  return { height: 10, panels: charts.map((panel) => ({ width: 12, panel })) };
}

function chart(options: Omit<SignalChart, 'links'>): PlacedPanel {
  return signalByModel({ ...options, links: LINKS });
}

function usersSection(): Section {
  return {
    id: 101,
    title: 'What users feel',
    lines: [
      two(
        tokenTimePanel({
          id: 1,
          title: 'Time to first token',
          what: 'ttft',
          shows: 'Shows the median, the 95th and the 99th percentile of the time to the first token.',
          act: 'When it rises with waiting requests the model is full; when it rises alone, prompts have grown.',
        }),
        tokenTimePanel({
          id: 2,
          title: 'Time between tokens',
          what: 'inter_token',
          shows: 'Shows the median, the 95th and the 99th percentile of the time from one output token to the next.',
          act: 'When it rises with the batch, lower the most sequences at once; when it rises alone, look at the GPU.',
        }),
      ),
      two(firstTokenHeatmap(5), tokenPhasesPanel(6)),
      two(
        chart({
          id: 3,
          title: 'Requests',
          signal: 'requests_per_second',
          act: 'Fewer requests while more wait is a model that cannot keep up.',
        }),
        chart({
          id: 4,
          title: 'Errors',
          signal: 'error_ratio',
          act: 'Errors with a full cache are refusals for lack of room; errors alone are the server or its callers.',
          softMax: 0.02,
        }),
      ),
    ],
  };
}

function causeSection(): Section {
  return {
    id: 102,
    title: 'What holds them up',
    lines: [
      two(
        chart({
          id: 10,
          title: 'Waiting requests',
          signal: 'llm_queue_depth',
          act: 'A queue that does not drain needs another replica.',
        }),
        chart({
          id: 11,
          title: 'Key-value cache in use',
          signal: 'llm_kv_cache_ratio',
          act: 'Above 90 % requests are pushed out and computed again: shorten contexts or add replicas.',
          bands: [
            { value: null, color: 'transparent' },
            { value: 0.9, color: 'red' },
          ],
        }),
      ),
      two(
        chart({
          id: 12,
          title: 'Preemptions',
          signal: 'llm_preemptions_per_second',
          act: 'Any lasting rate means work that is thrown away: lower the most sequences at once.',
        }),
        chart({
          id: 13,
          title: 'GPU in use',
          signal: 'gpu_utilization_ratio',
          act: 'Slow with an idle GPU is the queue, the tokenizer or the network.',
        }),
      ),
    ],
  };
}

function worthSection(): Section {
  return {
    id: 103,
    title: 'What we get for it',
    lines: [
      two(
        chart({
          id: 20,
          title: 'Output tokens',
          signal: 'llm_output_tokens_per_second',
          act: 'Tokens that fall with the same requests are shorter answers or a slower model.',
        }),
        tokensPerWattPanel(21),
      ),
    ],
  };
}

function tokensPerWattPanel(id: number): PlacedPanel {
  const mean = (signal: string): string => `sumIf(value * n, signal = '${signal}') / sumIf(n, signal = '${signal}')`;
  const filter = `${MODELS_FILTER} AND signal IN ('llm_output_tokens_per_second', 'gpu_power_watts') AND ${scopeFilter('model')}`;
  const rows = signalRows({ of: 'fleet', filter, columns: ['model', 'signal'], combine: 'avg' });
  return timeSeriesPanel({
    text: {
      id,
      title: 'Output tokens per joule',
      shows: 'Shows output tokens per second divided by the watts of the GPUs of the model.',
      from: 'signals llm_output_tokens_per_second and gpu_power_watts in table signals',
      act: 'A fall after a deploy is a worse batch or a lost quantisation.',
    },
    unit: 'none',
    nameLabel: 'series',
    links: LINKS,
    targets: [
      clickHouseQuery({
        refId: 'A',
        format: 'timeseries',
        sql: [
          `SELECT ${SIGNAL_TIME}, model AS series, ${mean('llm_output_tokens_per_second')} / ${mean('gpu_power_watts')} AS Value`,
          `FROM ${topRows({ rows, by: 'model', columns: ['signal'], most: TOP_SERIES })} WHERE value > 0`,
          'GROUP BY time, series HAVING uniqExact(signal) = 2 ORDER BY time, series',
        ].join('\n'),
      }),
    ],
  });
}
