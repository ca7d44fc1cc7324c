import { StatsError } from '../../core/errors.ts';
import { createLcg } from '../generator.ts';
import { sum } from '../sum.ts';
import { decodeGenerated, numberParam } from './input.ts';
import type { VectorInput } from './types.ts';

/** Returns first, last and sum of a generated sample. */
export function generatorCase({ reference }: VectorInput): Readonly<Record<string, unknown>> {
  const sample = decodeGenerated(reference);
  if (sample === undefined) throw new StatsError('E_STATS_SHAPE', 'The case has no generator.');
  if (sample.kind === 'numbers') return { ...describe(sample.values), sum: sum(sample.values) };
  if (sample.kind === 'categories') return { ...describe(sample.values), tally: tally(sample.values) };
  const columns = sample.kind === 'scored' ? pick(sample, 'labels', 'scores') : pick(sample, 'actual', 'predicted');
  return Object.fromEntries(columns.map(([name, values]) => [name, { ...describe(values), sum: sum(values) }]));
}

/** Returns first, last and sum of the uniform stream. */
export function lcgCase(input: VectorInput): Readonly<Record<string, unknown>> {
  const next = createLcg(numberParam(input, 'seed'));
  const values = Array.from({ length: numberParam(input, 'n') }, () => next());
  return { ...describe(values), sum: sum(values) };
}

function describe<T>(values: readonly T[]): { readonly first: readonly T[]; readonly last: T | null } {
  return { first: values.slice(0, 5), last: values.at(-1) ?? null };
}

function pick<Key extends string>(
  record: Readonly<Record<Key, readonly number[]>>,
  ...keys: readonly Key[]
): readonly (readonly [Key, readonly number[]])[] {
  return keys.map((key) => [key, record[key]] as const);
}

function tally(names: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
