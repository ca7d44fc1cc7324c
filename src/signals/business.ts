import { defineSignals, type SignalDefinition, unitInName } from './signal-definition.ts';

const METRIC = /^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/;
const PREFIX = 'business_';
const BASELINE_SUFFIX = '_vs_baseline_ratio';

/**
 * Returns the definition of `business_<metric>` or `business_<metric>_vs_baseline_ratio`, or undefined for any other
 * name. The unit of a metric is the base unit its name ends in.
 */
export function businessSignal(name: string): SignalDefinition | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  const rest = name.slice(PREFIX.length);
  const isRatio = rest.endsWith(BASELINE_SUFFIX) && rest.length > BASELINE_SUFFIX.length;
  const metric = isRatio ? rest.slice(0, -BASELINE_SUFFIX.length) : rest;
  if (!METRIC.test(metric)) return undefined;
  return isRatio ? baselineDefinition(name, metric) : metricDefinition(name, metric);
}

function metricDefinition(name: string, metric: string): SignalDefinition | undefined {
  return defineSignals('business', [
    {
      name,
      unit: unitInName(name) ?? 'number',
      scope: ['model'],
      help: `Business metric ${metric} as it was sent.`,
      direction: 'neutral',
      combine: 'avg',
    },
  ])[0];
}

function baselineDefinition(name: string, metric: string): SignalDefinition | undefined {
  return defineSignals('business', [
    {
      name,
      unit: 'ratio',
      scope: ['model'],
      help: `Business metric ${metric} divided by its baseline; 1 is as usual.`,
      direction: 'lower_is_worse',
      combine: 'avg',
    },
  ])[0];
}
