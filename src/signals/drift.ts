import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** Distance of the current sliding window from the model's reference. */
export const driftSignals: readonly SignalDefinition[] = defineSignals('drift', [
  {
    name: 'feature_psi',
    unit: 'score',
    scope: ['feature'],
    help: 'Noise-corrected population stability index of one feature, sliding window against the reference.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
  {
    name: 'feature_ks',
    unit: 'score',
    scope: ['feature'],
    help: 'Kolmogorov-Smirnov distance of one numeric feature, sliding window against the reference.',
    direction: 'higher_is_worse',
    combine: 'max',
    bounded: true,
  },
  {
    name: 'feature_missing_ratio',
    unit: 'ratio',
    scope: ['feature'],
    help: 'Share of predictions in which the feature is null.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'feature_unseen_ratio',
    unit: 'ratio',
    scope: ['feature'],
    help: 'Share of values that the reference does not have: other categories, or numbers out of its range.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'drifted_features',
    unit: 'count',
    scope: ['model'],
    help: 'Number of features whose last closed window has drifted.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
  {
    name: 'drift_score',
    unit: 'score',
    scope: ['model'],
    help: 'Noise-corrected population stability index over all features, weighted by importance.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
  {
    name: 'prediction_psi',
    unit: 'score',
    scope: ['model'],
    help: 'Noise-corrected population stability index of the predictions, sliding window against the reference.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
]);
