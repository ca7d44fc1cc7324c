import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** What predictions cost, and what that was computed from. */
export const costSignals: readonly SignalDefinition[] = defineSignals('cost', [
  {
    name: 'cost_per_thousand_predictions_usd',
    unit: 'usd',
    scope: ['model'],
    help: 'GPU and allocation cost in US dollars per thousand predictions.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'cost_per_hour_usd',
    unit: 'usd',
    scope: ['model'],
    help: 'Cost of serving the model in US dollars an hour: allocated, else declared, else by its GPUs.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'allocated_cost_per_hour_usd',
    unit: 'usd',
    scope: ['model'],
    help: 'Cost of the model in US dollars an hour as OpenCost or Kubecost allocates it.',
    direction: 'neutral',
    combine: 'avg',
  },
  {
    name: 'declared_cost_per_hour_usd',
    unit: 'usd',
    scope: ['model'],
    help: 'Cost of the model in US dollars an hour as the configuration declares it.',
    direction: 'neutral',
    combine: 'last',
  },
  {
    name: 'gpu_price_per_hour_usd',
    unit: 'usd',
    scope: ['model'],
    help: 'Price of a whole GPU in US dollars an hour as the configuration declares it for the model.',
    direction: 'neutral',
    combine: 'last',
  },
]);
