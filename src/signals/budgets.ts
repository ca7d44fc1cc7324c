import { defineSignals, type SignalDefinition } from './signal-definition.ts';

const RANGES = ['5m', '30m', '1h', '6h'] as const;

const KINDS = [
  { prefix: 'error', what: 'requests may fail' },
  { prefix: 'latency', what: 'requests may be slow' },
] as const;

/** How fast the budgets that the objectives leave are used up: 1 uses up exactly what may be used. */
export const budgetSignals: readonly SignalDefinition[] = defineSignals('objectives', [
  {
    name: 'latency_over_objective_ratio',
    unit: 'ratio',
    scope: ['model'],
    help: 'Share of the predictions of the minute that were slower than the objective for the p99, to one percent.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  ...KINDS.flatMap(({ prefix, what }) =>
    RANGES.map((range) => ({
      name: `${prefix}_budget_burn_${range}`,
      unit: 'number' as const,
      scope: ['model'] as const,
      help: `How many times faster than the objective allows ${what}, over the last ${range}.`,
      direction: 'higher_is_worse' as const,
      combine: 'max' as const,
    })),
  ),
]);
