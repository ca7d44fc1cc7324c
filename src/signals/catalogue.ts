import { budgetSignals } from './budgets.ts';
import { businessSignal } from './business.ts';
import { costSignals } from './cost.ts';
import { driftSignals } from './drift.ts';
import { gpuSignals } from './gpu.ts';
import { llmSignals } from './llm.ts';
import { objectiveSignals } from './objectives.ts';
import { performanceSignals } from './performance.ts';
import { releaseSignals } from './releases.ts';
import { selfSignals } from './self.ts';
import { serviceSignals } from './service.ts';
import type { SignalDefinition, SignalUnit } from './signal-definition.ts';
import { stalenessSignals } from './staleness.ts';
import { summarySignals } from './summaries.ts';

/** Every signal with a fixed name. Business metrics come on top, see `findSignal`. */
export const catalogue: readonly SignalDefinition[] = [
  ...serviceSignals,
  ...driftSignals,
  ...performanceSignals,
  ...stalenessSignals,
  ...gpuSignals,
  ...llmSignals,
  ...costSignals,
  ...objectiveSignals,
  ...budgetSignals,
  ...releaseSignals,
  ...summarySignals,
  ...selfSignals,
];

/** Returns the definition of a signal, including the business families, or undefined when there is none of that name. */
export function findSignal(name: string): SignalDefinition | undefined {
  return catalogue.find((definition) => definition.name === name) ?? businessSignal(name);
}

/** Returns the unit of a signal, or undefined when there is none of that name. */
export function unitOf(name: string): SignalUnit | undefined {
  return findSignal(name)?.unit;
}
