import type { PlacedPanel } from '../../src/grafana/layout.ts';
import { prometheusRangeQuery } from '../../src/grafana/prometheus-query.ts';
import { statPanel } from '../../src/grafana/stat-panel.ts';
import { PLAIN_STEPS, type Step } from '../../src/grafana/thresholds.ts';
import { timeSeriesPanel } from '../../src/grafana/time-series-panel.ts';

const METRIC = /plumbline_\w+/g;

/** Returns the chart of metrics of Plumbline itself, read from Prometheus. */
export function ownMetric(options: {
  readonly id: number;
  readonly title: string;
  readonly unit: string;
  readonly expr: string;
  readonly legend: string;
  /** Further expressions with their legends. */
  readonly more?: readonly (readonly [string, string])[];
  readonly units?: readonly { readonly pattern: string; readonly unit: string }[];
  readonly shows: string;
  readonly act: string;
}): PlacedPanel {
  const { id, title, unit, expr, legend, more = [], units = [], shows, act } = options;
  const queries = [[expr, legend] as const, ...more];
  return timeSeriesPanel({
    text: { id, title, shows, from: metricsOf(queries.map(([text]) => text)), act },
    source: 'prometheus',
    unit,
    units,
    ...(unit === 'none' ? { softMax: 1, decimals: 0 } : {}),
    targets: queries.map(([text, name], index) =>
      prometheusRangeQuery({ refId: String.fromCodePoint(65 + index), expr: text, legend: name }),
    ),
  });
}

const NONE_IS_GOOD: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 1, color: 'red' },
];

/** Returns the numbers that say whether Plumbline lives: minutes behind, collectors down, messages owed, records stored. */
export function ownStats(firstId: number): readonly PlacedPanel[] {
  const stats = [
    {
      title: 'Last evaluation',
      unit: 's',
      expr: 'time() - max(plumbline_evaluation_last_success_timestamp_seconds)',
      steps: [
        { value: null, color: 'green' },
        { value: 120, color: 'orange' },
        { value: 300, color: 'red' },
      ],
      shows: 'Shows how long ago a minute was last concluded.',
      act: 'Above two minutes nobody watches the models: look at the log of the service.',
    },
    {
      title: 'Collectors down',
      unit: 'none',
      expr: 'sum(1 - plumbline_ingest_collector_up)',
      steps: NONE_IS_GOOD,
      shows: 'Shows the number of collectors that have failed or fallen silent.',
      act: 'The readiness page says which one and why.',
    },
    {
      title: 'Failed evaluations, a day',
      unit: 'none',
      expr: 'sum(increase(plumbline_operation_failures_total{area="analysis"}[1d])) or vector(0)',
      steps: NONE_IS_GOOD,
      shows: 'Shows failures of the analysis in the last day.',
      act: 'Each is in the log with its cause; the minute is tried again.',
    },
    {
      title: 'Records stored',
      unit: 'cps',
      expr: 'sum(rate(plumbline_ingest_rows_total[$__rate_interval]))',
      steps: PLAIN_STEPS,
      shows: 'Shows the records that reach the database per second.',
      act: 'Zero means that nobody sends or nothing is taken.',
    },
  ];
  return stats.map(({ title, unit, expr, steps, shows, act }, index) =>
    statPanel({
      text: { id: firstId + index, title, shows, from: metricsOf([expr]), act },
      source: 'prometheus',
      unit,
      steps,
      target: prometheusRangeQuery({ refId: 'A', expr, legend: title }),
    }),
  );
}

function metricsOf(expressions: readonly string[]): string {
  const names = [...new Set(expressions.flatMap((text) => text.match(METRIC) ?? []))];
  return `${names.length === 1 ? 'metric' : 'metrics'} ${names.join(', ')} of Plumbline in Prometheus`;
}
