import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { identifyProcess, isAlive, readIdentity } from './process-identity.ts';

export interface DirectoryLock {
  release(): void;
}

/** The directory belongs to a live process already. */
export class DirectoryLockedError extends AppError {
  readonly ownerPid: number;

  constructor(directory: string, ownerPid: number) {
    super('E_ENGINE_LOCKED', `The data directory ${directory} is in use by process ${ownerPid}.`);
    this.ownerPid = ownerPid;
  }
}

/**
 * Takes the lock file of a data directory; a lock whose owner is dead is taken over.
 *
 * @throws DirectoryLockedError when a live process holds it
 */
export function lockDirectory(directory: string): DirectoryLock {
  const file = `${directory}/lock`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const handle = openSync(file, 'wx', 0o600);
      writeSync(handle, JSON.stringify(identifyProcess(process.pid)));
      closeSync(handle);
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if (!isCode(error, 'EEXIST')) {
        throw new AppError('E_ENGINE_DIRECTORY', `Cannot write the lock file ${file}.`, { cause: error });
      }
    }
    const owner = readIdentity(file);
    if (owner !== undefined && isAlive(owner)) throw new DirectoryLockedError(directory, owner.pid);
    if (attempt > 3) throw new AppError('E_ENGINE_DIRECTORY', `Cannot take over the stale lock file ${file}.`);
    rmSync(file, { force: true });
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
