import { partA } from './part-a.ts';
import { partB } from './part-b.ts';
import type { VectorRegistry } from './types.ts';

/** Adapters of every statistic the golden file may name. */
export const vectorRegistry: VectorRegistry = { ...partA, ...partB };
