import { z } from 'zod';
import { StatsError } from '../../core/errors.ts';
import { generate, type Generated } from '../generator.ts';
import type { VectorInput } from './types.ts';

/** Returns one side's values: `{values}` with "NaN" and "Infinity" decoded, or a generated sample; null stays null. */
export function decodeValues(side: unknown): readonly (number | null)[] {
  if (hasKey(side, 'values')) return parse(valuesSide, side).values.map(decodeNumber);
  const sample = decodeGenerated(side);
  if (sample?.kind === 'numbers') return sample.values;
  throw unreadable('numeric values');
}

/** Returns the finite values of one side, in order. */
export function decodeFinite(side: unknown): readonly number[] {
  const finite: number[] = [];
  for (const value of decodeValues(side)) if (value !== null && Number.isFinite(value)) finite.push(value);
  return finite;
}

/** Returns true when the side holds numeric values or a numeric generated sample. */
export function isValues(side: unknown): boolean {
  if (hasKey(side, 'values')) return true;
  return hasKey(side, 'gen') && decodeGenerated(side)?.kind === 'numbers';
}

/** Returns the sample of a `{gen}` side; undefined when the side is something else. */
export function decodeGenerated(side: unknown): Generated | undefined {
  if (!hasKey(side, 'gen')) return undefined;
  const { seed, n, dist, params } = parse(genSide, side).gen;
  const { weights, levels, ...rest } = params;
  const named = parse(z.record(z.string(), z.number()), rest);
  return generate({
    seed,
    n,
    dist,
    params: {
      numbers: named,
      ...(weights === undefined ? {} : { weights }),
      ...(levels === undefined ? {} : { levels }),
    },
  });
}

/** Returns aligned bin counts of a `{counts}` side. */
export function decodeCounts(side: unknown): readonly number[] {
  return parse(countsSide, side).counts;
}

/** Returns counts by category name, of `{categories}` or of a generated categorical sample. */
export function decodeCategories(side: unknown): ReadonlyMap<string, number> {
  if (hasKey(side, 'categories')) return new Map(Object.entries(parse(categoriesSide, side).categories));
  const sample = decodeGenerated(side);
  if (sample?.kind !== 'categories') throw unreadable('categories');
  const tally = new Map<string, number>();
  for (const name of sample.values) tally.set(name, (tally.get(name) ?? 0) + 1);
  return tally;
}

/** Returns `{k, n}`: events and trials. */
export function decodeEvents(side: unknown): { readonly k: number; readonly n: number } {
  return parse(eventsSide, side);
}

/** Returns `{n, mean, var}`: sample size, mean and variance. */
export function decodeMoments(side: unknown): { readonly n: number; readonly mean: number; readonly variance: number } {
  const { n, mean, var: variance } = parse(momentsSide, side);
  return { n, mean, variance };
}

/** Returns binary labels with scores, given or generated. */
export function decodeScored(side: unknown): {
  readonly labels: readonly number[];
  readonly scores: readonly number[];
} {
  if (hasKey(side, 'labels')) return parse(scoredSide, side);
  const sample = decodeGenerated(side);
  if (sample?.kind === 'scored') return { labels: sample.labels, scores: sample.scores };
  throw unreadable('labels and scores');
}

/** Returns actual and predicted values, given or generated. */
export function decodeRegression(side: unknown): {
  readonly actual: readonly number[];
  readonly predicted: readonly number[];
} {
  if (hasKey(side, 'actual')) return parse(regressionSide, side);
  const sample = decodeGenerated(side);
  if (sample?.kind === 'regression') return { actual: sample.actual, predicted: sample.predicted };
  throw unreadable('actual and predicted values');
}

/** Returns window counts of a `{windows}` side: one row of bin counts a window. */
export function decodeWindows(side: unknown): readonly (readonly number[])[] {
  return parse(windowsSide, side).windows;
}

/** Returns p-values of a `{p_values}` side; null marks a hypothesis that was not tested. */
export function decodePValues(side: unknown): readonly (number | null)[] {
  return parse(pValuesSide, side).p_values;
}

/** Returns levels of a `{levels}` side; null marks a window without a verdict. */
export function decodeLevels(side: unknown): readonly (string | null)[] {
  return parse(levelsSide, side).levels;
}

/** Returns a numeric parameter, or the fallback when it is absent; throws when neither is there. */
export function numberParam(input: VectorInput, name: string, fallback?: number): number {
  const value = input.params[name] ?? fallback;
  if (typeof value === 'number') return value;
  throw new StatsError('E_STATS_PARAMETER', `The case needs the numeric parameter '${name}'.`);
}

/** Returns a text parameter, or the fallback when it is absent; throws when neither is there. */
export function stringParam(input: VectorInput, name: string, fallback?: string): string {
  const value = input.params[name] ?? fallback;
  if (typeof value === 'string') return value;
  throw new StatsError('E_STATS_PARAMETER', `The case needs the text parameter '${name}'.`);
}

/** Returns a true/false parameter, or the fallback when it is absent. */
export function booleanParam(input: VectorInput, name: string, fallback: boolean): boolean {
  const value = input.params[name] ?? fallback;
  if (typeof value === 'boolean') return value;
  throw new StatsError('E_STATS_PARAMETER', `The parameter '${name}' must be true or false.`);
}

/** Returns a list-of-numbers parameter; undefined when it is absent. */
export function numbersParam(input: VectorInput, name: string): readonly number[] | undefined {
  const value = input.params[name];
  return value === undefined ? undefined : parse(z.array(z.number()), value);
}

/** Returns `value` checked against a schema; throws E_STATS_SHAPE with the first problem. */
export function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new StatsError(
    'E_STATS_SHAPE',
    `The case cannot be read at '${issue?.path.join('.') ?? ''}': ${issue?.message}`,
  );
}

/** Returns true when the side is an object that has the key. */
export function hasKey(side: unknown, key: string): boolean {
  return typeof side === 'object' && side !== null && key in side;
}

const NON_FINITE = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
} as const;
const numberOrWord = z.union([z.number(), z.null(), z.enum(['NaN', 'Infinity', '-Infinity'])]);
const valuesSide = z.object({ values: z.array(numberOrWord) });
const genSide = z.object({
  gen: z.object({
    seed: z.number(),
    n: z.number(),
    dist: z.string(),
    params: z
      .looseObject({
        weights: z.array(z.number()).optional(),
        levels: z.array(z.tuple([z.number(), z.number()])).optional(),
      })
      .default({}),
  }),
});
const countsSide = z.object({ counts: z.array(z.number()) });
const categoriesSide = z.object({ categories: z.record(z.string(), z.number()) });
const eventsSide = z.object({ k: z.number(), n: z.number() });
const momentsSide = z.object({ n: z.number(), mean: z.number(), var: z.number() });
const scoredSide = z.object({ labels: z.array(z.number()), scores: z.array(z.number()) });
const regressionSide = z.object({ actual: z.array(z.number()), predicted: z.array(z.number()) });
const windowsSide = z.object({ windows: z.array(z.array(z.number())) });
const pValuesSide = z.object({ p_values: z.array(z.number().nullable()) });
const levelsSide = z.object({ levels: z.array(z.string().nullable()) });

function decodeNumber(value: z.infer<typeof numberOrWord>): number | null {
  return typeof value === 'string' ? NON_FINITE[value] : value;
}

function unreadable(what: string): StatsError {
  return new StatsError('E_STATS_SHAPE', `The case has no ${what} on this side.`);
}
