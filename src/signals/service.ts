import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** Traffic, errors and latency as the prediction records tell them. */
export const serviceSignals: readonly SignalDefinition[] = defineSignals('service', [
  {
    name: 'requests_per_second',
    unit: 'per_second',
    scope: ['model', 'version', 'segment'],
    help: 'Predictions served per second.',
    direction: 'neutral',
    combine: 'avg',
    grafanaUnit: 'reqps',
  },
  {
    name: 'error_ratio',
    unit: 'ratio',
    scope: ['model', 'version', 'segment'],
    help: 'Share of predictions whose status is error.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  ...(['p50', 'p95', 'p99'] as const).map((quantile) => ({
    name: `latency_${quantile}_seconds`,
    unit: 'seconds' as const,
    scope: ['model', 'version', 'segment'] as const,
    help: `Latency of predictions, ${quantile.slice(1)}th percentile of the minute.`,
    direction: 'higher_is_worse' as const,
    combine: 'avg' as const,
  })),
]);
