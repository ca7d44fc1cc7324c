import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** What predictions cost. */
export const costSignals: readonly SignalDefinition[] = defineSignals('cost', [
  {
    name: 'cost_per_thousand_predictions_usd',
    unit: 'usd',
    scope: ['model'],
    help: 'GPU and allocation cost in US dollars per thousand predictions.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
]);
