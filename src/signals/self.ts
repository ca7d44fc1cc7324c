import { defineSignals, type SignalDefinition } from './signal-definition.ts';

/** How Plumbline itself does; rows of no model, for rules about the fleet. */
export const selfSignals: readonly SignalDefinition[] = defineSignals('self', [
  {
    name: 'dead_letters_per_second',
    unit: 'per_second',
    scope: ['model'],
    help: 'Records refused per second, of all models.',
    direction: 'higher_is_worse',
    combine: 'avg',
  },
  {
    name: 'dead_letter_ratio',
    unit: 'ratio',
    scope: ['model'],
    help: 'Share of records refused among those refused and those served in the minute, of all models.',
    direction: 'higher_is_worse',
    combine: 'avg',
    bounded: true,
  },
  {
    name: 'evaluation_delay_seconds',
    unit: 'seconds',
    scope: ['model'],
    help: 'Time between the end of a minute and its evaluation.',
    direction: 'higher_is_worse',
    combine: 'max',
  },
]);
