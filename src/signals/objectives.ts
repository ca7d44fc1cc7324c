import { performanceSignals } from './performance.ts';
import { serviceSignals } from './service.ts';
import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** Signals that a model may have an objective for. */
const OBJECTIVES = [
  'latency_p50_seconds',
  'latency_p95_seconds',
  'latency_p99_seconds',
  'error_ratio',
  'accuracy',
  'auc',
  'mae',
] as const;

/** The configured objectives as series, so that rules and panels compare with them as they were at the time. */
export const objectiveSignals: readonly SignalDefinition[] = defineSignals(
  'objectives',
  [...serviceSignals, ...performanceSignals]
    .filter(({ name }) => OBJECTIVES.some((objective) => objective === name))
    .map(({ name, unit, grafanaUnit, bounded }) => ({
      name: `slo_${name}`,
      unit,
      grafanaUnit,
      bounded,
      scope: ['model'],
      help: `Objective of the model for ${name}.`,
      direction: 'neutral',
      combine: 'last',
    })),
);
