import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { describeError } from '../../../core/errors.ts';
import type { FileSdConfig } from './config.ts';
import type { Discovery } from './discovery.ts';
import { type TargetGroup, targetGroupsSchema } from './target-group.ts';

/**
 * Returns the discovery that reads lists of targets from JSON and YAML files. A file that cannot be read keeps what it
 * said before, and the fault is told; a file that is gone takes its targets with it.
 *
 * @see Prometheus, file_sd_config
 */
export function createFileDiscovery(config: FileSdConfig): Discovery {
  const known = new Map<string, readonly TargetGroup[]>();
  return {
    kind: 'file',
    intervalMs: config.refresh_interval,
    refresh: async () => {
      const files = (await Promise.all(config.files.map(filesOf))).flat();
      for (const file of known.keys()) if (!files.includes(file)) known.delete(file);
      const faults: string[] = [];
      for (const file of files) {
        try {
          const groups = await readGroups(file);
          if (groups === undefined) faults.push(`${file} is no list of {targets: [...], labels: {...}}`);
          else known.set(file, groups);
        } catch (error) {
          faults.push(`${file} cannot be read: ${describeError(error)}`);
        }
      }
      return { groups: [...known.values()].flat(), fault: faults.length === 0 ? undefined : faults.join('; ') };
    },
  };
}

async function filesOf(pattern: string): Promise<readonly string[]> {
  const name = basename(pattern);
  const folder = dirname(pattern);
  if (!name.includes('*')) return (await namesIn(folder)).includes(name) ? [pattern] : [];
  const [before = '', ...rest] = name.split('*');
  const matches = (candidate: string): boolean => matchesParts(candidate, before, rest);
  return (await namesIn(folder))
    .filter(matches)
    .toSorted()
    .map((file) => join(folder, file));
}

/** A folder that is not there yet has no files. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** Each part between the stars must come after the one before it, the last one at the end. */
function matchesParts(name: string, before: string, rest: readonly string[]): boolean {
  if (!name.startsWith(before)) return false;
  let at = before.length;
  for (const [index, part] of rest.entries()) {
    const last = index === rest.length - 1;
    const found = last ? name.length - part.length : name.indexOf(part, at);
    if (found < at || (last && !name.endsWith(part))) return false;
    at = found + part.length;
  }
  return true;
}

async function readGroups(file: string): Promise<readonly TargetGroup[] | undefined> {
  const content: unknown = parse(await readFile(file, 'utf8'));
  const groups = targetGroupsSchema.safeParse(content ?? []);
  return groups.data?.map(({ targets, labels }) => ({ targets, labels: { ...labels, __meta_filepath: file } }));
}
