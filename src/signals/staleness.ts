import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** How old the serving version is. */
export const stalenessSignals: readonly SignalDefinition[] = defineSignals('staleness', [
  {
    name: 'model_age_seconds',
    unit: 'seconds',
    scope: ['model', 'version'],
    help: 'Time since the serving version was trained, or first seen when the training time is not known.',
    direction: 'higher_is_worse',
    combine: 'last',
  },
]);
