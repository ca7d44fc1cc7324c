import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../core/errors.ts';

/**
 * Reads the rule files that the paths name: a file as it is, a folder as the `.yaml` and `.yml` files directly in it.
 *
 * @throws E_CONFIG when a path cannot be read
 */
export async function readRuleFiles(
  paths: readonly string[],
): Promise<readonly { readonly file: string; readonly text: string }[]> {
  const files = new Set<string>();
  for (const path of paths) for (const file of await expand(path)) files.add(file);
  return Promise.all([...files].map(async (file) => ({ file, text: await read(file) })));
}

async function expand(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path, { withFileTypes: true })).filter(
      (entry) => entry.isFile() && /\.ya?ml$/.test(entry.name),
    );
    return names.map((entry) => join(path, entry.name)).sort();
  } catch (error) {
    throw new ConfigError(`rules: ${path} cannot be read.`, { cause: error });
  }
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`rules: ${file} cannot be read.`, { cause: error });
  }
}
