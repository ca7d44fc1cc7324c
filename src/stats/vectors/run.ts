import { z } from 'zod';
import { describeError, UsageError } from '../../core/errors.ts';
import { compare, type Mismatch } from './compare.ts';
import type { VectorRegistry } from './types.ts';

/** Result of one golden case; no mismatches means it passed. */
export type CaseResult = { readonly id: string; readonly statistic: string; readonly mismatches: readonly Mismatch[] };

/**
 * Runs every golden case through the product's statistics.
 *
 * An unknown statistic or a throw makes that one case fail.
 *
 * @param file  Parsed JSON of the golden file.
 * @throws E_USAGE  when the file is not of that form.
 */
export function runCases(file: unknown, registry: VectorRegistry): readonly CaseResult[] {
  const parsed = goldenFile.safeParse(file);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join('.') ?? '';
    throw new UsageError(`The file holds no golden cases: at '${where}', ${issue?.message ?? 'unknown problem'}.`);
  }
  return parsed.data.cases.map((entry) => ({
    id: entry.id,
    statistic: entry.statistic,
    mismatches: runCase(entry, registry),
  }));
}

type Case = z.infer<typeof goldenCase>;

const limits = { rel: z.number(), abs: z.number() };
const goldenCase = z.object({
  id: z.string(),
  statistic: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
  reference: z.unknown().optional(),
  current: z.unknown().optional(),
  expected: z.record(z.string(), z.unknown()),
  tolerance: z
    .object({
      rel: z.number().default(1e-12),
      abs: z.number().default(1e-12),
      fields: z.record(z.string(), z.object(limits)).default({}),
      optional: z.array(z.string()).default([]),
    })
    .default({ rel: 1e-12, abs: 1e-12, fields: {}, optional: [] }),
});
const goldenFile = z.object({ cases: z.array(goldenCase) });

function runCase(entry: Case, registry: VectorRegistry): readonly Mismatch[] {
  const adapter = Object.hasOwn(registry, entry.statistic) ? registry[entry.statistic] : undefined;
  if (adapter === undefined) return [{ field: 'statistic', actual: 'unknown statistic', expected: entry.statistic }];
  try {
    const actual = adapter({ params: entry.params, reference: entry.reference, current: entry.current });
    return compare(actual, entry.expected, entry.tolerance);
  } catch (error) {
    return [{ field: 'error', actual: describeError(error), expected: entry.expected }];
  }
}
