import { readFile } from 'node:fs/promises';
import { describeError, UsageError } from '../core/errors.ts';
import { vectorRegistry } from '../stats/vectors/registry.ts';
import { type CaseResult, runCases } from '../stats/vectors/run.ts';

/**
 * Runs a golden file through the product's statistics and prints each field that differs, then `N passed, N failed`.
 *
 * @param argv  One path to a golden JSON file.
 * @returns     Exit code: 0 all passed, 1 a case failed, 2 bad usage, unreadable file or wrong format.
 */
export async function runVectors(argv: readonly string[]): Promise<number> {
  try {
    const results = runCases(await readGolden(argv), vectorRegistry);
    const failed = results.filter((result) => result.mismatches.length > 0);
    for (const line of failed.flatMap(describeFailure)) console.log(line);
    console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
    return failed.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

async function readGolden(argv: readonly string[]): Promise<unknown> {
  const [path, ...rest] = argv;
  if (path === undefined || rest.length > 0) throw new UsageError('Give exactly one golden file: vectors FILE.');
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    return parsed;
  } catch (error) {
    throw new UsageError(`The golden file '${path}' cannot be read: ${describeError(error)}.`, { cause: error });
  }
}

function describeFailure(result: CaseResult): readonly string[] {
  return result.mismatches.map(
    ({ field, actual, expected }) =>
      `${result.id} (${result.statistic}) ${field}: actual ${show(actual)}, expected ${show(expected)}`,
  );
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
