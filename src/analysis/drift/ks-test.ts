import { z } from 'zod';
import type { BucketJob } from './bucket-counts.ts';
import type { Frame } from './frame.ts';
import type { DriftSession } from './session.ts';

/**
 * Computes exact Kolmogorov-Smirnov distances of one window by ClickHouse's own test, all columns in one statement.
 *
 * @param input.jobs  Columns with values on both sides: an empty side would make the whole statement fail.
 * @returns           By column id.
 */
export async function readKsTest(input: {
  readonly session: DriftSession;
  readonly frame: Frame;
  readonly window: number;
  readonly jobs: readonly (BucketJob & { readonly m: number; readonly n: number })[];
}): Promise<ReadonlyMap<string, number>> {
  const { session, frame, window, jobs } = input;
  if (jobs.length === 0) return new Map();
  const tests = jobs.map(
    (job) => `kolmogorovSmirnovTest('two-sided', 'asymp')(${job.column.id} * ${scaleOf(job)}, side).1`,
  );
  const sql = `SELECT [${tests.join(', ')}] AS ks FROM ${frame.table} WHERE side = 0 OR key = ${window}`;
  const row = z.object({ ks: z.array(z.number()) }).parse((await session.rows('ks', sql))[0]);
  return new Map(
    jobs.map(({ column, m, n }, index) => {
      const raw = row.ks[index] ?? 0;
      const cells = m * n;
      // A multiple of 1 / (m n); rounding to it takes out the sum's rounding and the 2e-308 of equal sides.
      return [column.id, cells < Number.MAX_SAFE_INTEGER ? Math.round(raw * cells) / cells : raw] as const;
    }),
  );
}

// The test takes values closer than 1e-7 for equal. A large power of two in front keeps every double apart.
function scaleOf({ min, max }: BucketJob): number {
  const largest = Math.max(Math.abs(min), Math.abs(max));
  return largest === 0 ? 1 : 2 ** Math.min(1000, 990 - Math.ceil(Math.log2(largest)));
}
