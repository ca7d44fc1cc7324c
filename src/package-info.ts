import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { AppError } from './core/errors.ts';

/** Folder of the package: where alerts, runbooks and dashboards lie, from sources and from a build alike. */
export const packageRoot: string = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Version of the package. */
export const packageVersion: string = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))).version;

function findRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) throw new AppError('E_INTERNAL', 'The package has no package.json.');
  }
}
