import { clickHouseQuery } from '../../src/grafana/clickhouse-query.ts';
import type { PlacedPanel } from '../../src/grafana/layout.ts';
import {
  MODEL_FILTER,
  scopeFilter,
  sharedUnit,
  SIGNAL_TIME,
  signalRows,
  signalSeriesSql,
} from '../../src/grafana/sql.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { PLAIN_STEPS, type Step } from '../../src/grafana/thresholds.ts';

/** Ids of the panels of `nowPanels`, in their order. */
export interface NowIds {
  readonly traffic: number;
  readonly errors: number;
  readonly latency: number;
  readonly gpu: number;
  readonly drift: number;
  readonly accuracy: number;
  readonly coverage: number;
  readonly age: number;
}

/** Returns the eight numbers that say whether the model is well now: newest values of its signals. */
export function nowPanels(ids: NowIds): readonly PlacedPanel[] {
  return [
    signalStat(ids.traffic, 'requests_per_second', 'Traffic', 'Zero means that nobody calls or nothing is collected.'),
    signalStat(ids.errors, 'error_ratio', 'Errors', 'Above 1 %, look at the errors by version below.', ERROR_STEPS),
    latencyOfObjective(ids.latency),
    signalStat(
      ids.gpu,
      'gpu_utilization_ratio',
      'GPU in use',
      'Above 85 % the next rise of traffic becomes latency.',
      GPU_STEPS,
    ),
    signalStat(
      ids.drift,
      'drifted_features',
      'Drifted features',
      'Above none, look at the grid of features below.',
      NONE_IS_GOOD,
    ),
    signalStat(ids.accuracy, 'accuracy', 'Accuracy', 'Read it together with label coverage.'),
    signalStat(
      ids.coverage,
      'label_coverage_ratio',
      'Label coverage',
      'When it falls, mend the flow of labels before you judge quality.',
    ),
    signalStat(ids.age, 'model_age_seconds', 'Model age', 'An old model that drifts is a candidate for retraining.'),
  ];
}

const ERROR_STEPS: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 0.01, color: 'orange' },
  { value: 0.05, color: 'red' },
];

const GPU_STEPS: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 0.85, color: 'red' },
];

const NONE_IS_GOOD: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
];

function signalStat(
  id: number,
  signal: string,
  title: string,
  act: string,
  steps: readonly Step[] = PLAIN_STEPS,
): PlacedPanel {
  return statPanel({
    text: {
      id,
      title,
      shows: `Shows the newest ${signal} of the model.`,
      from: `signal ${signal} in table signals`,
      act,
    },
    unit: sharedUnit(signal),
    steps,
    target: clickHouseQuery({ refId: 'A', format: 'timeseries', sql: signalSeriesSql(signal, title) }),
  });
}

function latencyOfObjective(id: number): PlacedPanel {
  const pick = (signal: string): string => `sumIf(value * n, signal = '${signal}') / sumIf(n, signal = '${signal}')`;
  const filter = `${MODEL_FILTER} AND signal IN ('latency_p99_seconds', 'slo_latency_p99_seconds') AND ${scopeFilter('model')}`;
  return statPanel({
    text: {
      id,
      title: 'p99 of objective',
      shows: 'Shows the newest p99 latency as a share of its objective; 100 % is the limit.',
      from: 'signals latency_p99_seconds and slo_latency_p99_seconds in table signals',
      act: 'Above 100 %, look at latency and GPU below: the rule GpuSaturatedAndLatencySloBreached pages on both together.',
    },
    unit: 'percentunit',
    steps: [
      { value: null, color: 'green' },
      { value: 0.8, color: 'orange' },
      { value: 1, color: 'red' },
    ],
    target: clickHouseQuery({
      refId: 'A',
      format: 'timeseries',
      sql: [
        `SELECT ${SIGNAL_TIME}, ${pick('latency_p99_seconds')} / ${pick('slo_latency_p99_seconds')} AS "p99 of objective"`,
        `FROM ${signalRows({ of: 'model', filter, columns: ['signal'], combine: 'avg' })}`,
        'GROUP BY time HAVING uniqExact(signal) = 2 ORDER BY time',
      ].join('\n'),
    }),
  });
}
