import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** The worst of many in one number per model, so that a rule need not name features or metrics. */
export const summarySignals: readonly SignalDefinition[] = [
  ...defineSignals('drift', [
    {
      name: 'missing_increase_ratio',
      unit: 'ratio',
      scope: ['model'],
      help: 'Largest rise over the reference of the share of nulls among the important features.',
      direction: 'higher_is_worse',
      combine: 'max',
    },
    {
      name: 'important_drifted_features',
      unit: 'count',
      scope: ['model'],
      help: 'Number of important features whose newest window has drifted.',
      direction: 'higher_is_worse',
      combine: 'max',
    },
  ]),
  ...defineSignals('business', [
    {
      name: 'worst_business_ratio',
      unit: 'ratio',
      scope: ['model'],
      help: 'Lowest ratio of a business metric of the model to its baseline; 1 is as usual.',
      direction: 'lower_is_worse',
      combine: 'avg',
    },
  ]),
];
