import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** How old the serving version is, and what came of replacing it. */
export const stalenessSignals: readonly SignalDefinition[] = defineSignals('staleness', [
  {
    name: 'model_age_seconds',
    unit: 'seconds',
    scope: ['model', 'version'],
    help: 'Time since the serving version was trained, or first seen when the training time is not known.',
    direction: 'higher_is_worse',
    combine: 'last',
  },
  {
    name: 'retrain_outcome',
    unit: 'number',
    scope: ['model'],
    help: 'What became of the newest request to retrain, for seven days: 1 cured the drift, -1 did not help or failed, 0 is open.',
    direction: 'lower_is_worse',
    combine: 'last',
  },
]);
