import { AppError } from '../../src/core/errors.ts';
import { benches } from './index.ts';

const [name, ...args] = process.argv.slice(2);
try {
  process.exitCode = await runBenches(name, args);
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

// Without a name all benches run; an unknown one lists what there is.
async function runBenches(wanted: string | undefined, rest: readonly string[]): Promise<number> {
  const chosen = wanted === undefined ? benches : benches.filter((bench) => bench.name === wanted);
  if (chosen.length === 0) {
    console.error(`Unknown bench '${wanted}'. Known benches:`);
    for (const bench of benches) console.error(`  ${bench.name}: ${bench.describe}`);
    return 2;
  }
  for (const bench of chosen) {
    console.log(`# ${bench.name}: ${bench.describe}`);
    await bench.run(rest);
  }
  return Number(process.exitCode ?? 0);
}
