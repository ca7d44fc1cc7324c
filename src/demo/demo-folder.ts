import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDirectory } from '../store/engine/directory-lock.ts';

const KEPT_FOLDER = join('.plumbline', 'demo');
/** The lock held meanwhile, and the file by which the engine waits for one that a killed demo left behind. */
const KEPT_FILES = new Set(['lock', 'engine-process.json']);

/** Where the demo keeps its data. */
export interface DemoFolder {
  readonly path: string;
  /** Gives the folder back; a temporary one is removed. */
  release(): Promise<void>;
}

/**
 * Returns an empty folder: a temporary one, or `.plumbline/demo` emptied of an earlier demo.
 *
 * @throws DirectoryLockedError when another demo runs there
 */
export async function prepareFolder(temporary: boolean): Promise<DemoFolder> {
  if (temporary) {
    const path = await mkdtemp(join(tmpdir(), 'plumbline-demo-'));
    return { path, release: () => rm(path, { recursive: true, force: true }) };
  }
  await mkdir(KEPT_FOLDER, { recursive: true });
  const lock = lockDirectory(KEPT_FOLDER);
  try {
    const left = (await readdir(KEPT_FOLDER)).filter((name) => !KEPT_FILES.has(name));
    for (const name of left) await rm(join(KEPT_FOLDER, name), { recursive: true, force: true });
  } finally {
    lock.release();
  }
  return { path: KEPT_FOLDER, release: async () => {} };
}
