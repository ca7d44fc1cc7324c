import { z } from 'zod';
import { interpolate, type VariableValues } from '../../src/grafana/interpolate.ts';
import { expandMacros } from '../../src/grafana/macros.ts';
import type { Store } from '../../src/store/store.ts';
import type { Answer } from './answer-shape.ts';
import { FROM_MS, MODEL, TO_MS, VERSIONS } from './seed-fleet.ts';

export interface AskOptions {
  readonly variables: VariableValues;
  readonly intervalMs?: number;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Asks the engine as Grafana would: the browser fills variables, the plugin's backend expands macros. */
export async function askLikeGrafana(store: Store, sql: string, options: AskOptions): Promise<Answer> {
  const { variables, intervalMs = 60_000, fromMs = FROM_MS, toMs = TO_MS } = options;
  const ready = expandMacros(interpolate(sql, variables), { fromMs, toMs, intervalMs });
  const described = await store.rows({ name: 'describe', sql: `DESCRIBE TABLE (${ready})` });
  const rows = await store.rows({ name: 'panel', sql: ready });
  return {
    columns: z.array(z.object({ name: z.string(), type: z.string() })).parse(described),
    rows: z.array(z.record(z.string(), z.unknown())).parse(rows),
  };
}

/** A value for each variable of the seeded fleet. */
export const VALUES = { model: [MODEL], segment: ['all'], gpu: ['GPU-1', 'GPU-2'], feature: ['feature_1'] };

/** Everything is chosen. */
export const ALL_VERSIONS: VariableValues = { values: { ...VALUES, version: VERSIONS }, all: ['version', 'gpu'] };

/** Returns the values that a query is asked with: everything, or one of each; a query of categories wants such a feature. */
export function choose(sql: string, all: readonly string[]): VariableValues {
  const feature = sql.includes("kind = 'categorical') AS names") ? 'feature_2' : 'feature_1';
  const version = all.includes('version') ? VERSIONS : ['2'];
  return { values: { ...VALUES, feature: [feature], version }, all };
}
