import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from '../generated-files.ts';
import { packageRoot } from '../package-info.ts';

/** Writes every generated file, or with `check` only tells which ones are stale. Returns 1 when one is. */
export async function runGenerate(options: {
  readonly check: boolean;
  readonly out?: string | undefined;
}): Promise<number> {
  const root = options.out ?? packageRoot;
  const stale: string[] = [];
  for (const { path, text } of await generatedFiles()) {
    const file = join(root, path);
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    stale.push(path);
    if (options.check) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (!options.check) {
    process.stdout.write(
      stale.length === 0 ? 'Nothing to write: every generated file is fresh.\n' : `Wrote ${stale.join(', ')}.\n`,
    );
    return 0;
  }
  if (stale.length === 0) return 0;
  process.stdout.write(`Stale: ${stale.join(', ')}. Run npm run gen.\n`);
  return 1;
}
