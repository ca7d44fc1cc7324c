import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** Ranges over which the use of an error budget is measured, with their lengths in seconds. */
export const BUDGET_RANGES = { '5m': 300, '30m': 1800, '1h': 3600, '6h': 21_600 } as const;

const KINDS = [
  { prefix: 'error', what: 'requests may fail' },
  { prefix: 'latency', what: 'requests may be slow' },
] as const;

/** How fast the budgets that the objectives leave are used up: 1 uses up exactly what may be used. */
export const budgetSignals: readonly SignalDefinition[] = defineSignals(
  'objectives',
  KINDS.flatMap(({ prefix, what }) =>
    Object.keys(BUDGET_RANGES).map((range) => ({
      name: `${prefix}_budget_burn_${range}`,
      unit: 'number' as const,
      scope: ['model'] as const,
      help: `How many times faster than the objective allows ${what}, over the last ${range}.`,
      direction: 'higher_is_worse' as const,
      combine: 'max' as const,
    })),
  ),
);
