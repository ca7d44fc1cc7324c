import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { identifyProcess, isAlive, type ProcessIdentity, readIdentity } from './process-identity.ts';

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
 * @throws DirectoryLockedError when a live process holds it, E_ENGINE_DIRECTORY when the directory cannot be written
 */
export function lockDirectory(directory: string): DirectoryLock {
  const file = `${directory}/lock`;
  const self = identifyProcess(process.pid);
  // A link appears at once and with its content, so that nobody ever sees a lock without an owner.
  const claim = `${file}.${self.pid}`;
  try {
    writeFileSync(claim, JSON.stringify(self), { mode: 0o600 });
    while (!linked(claim, file)) {
      refuseWhenOwned(directory, file);
      takeAway(directory, file, claim);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('E_ENGINE_DIRECTORY', `Cannot write the lock file ${file}`, { cause: error });
  } finally {
    rmSync(claim, { force: true });
  }
  return {
    release: () => {
      if (isSame(readIdentity(file), self)) rmSync(file, { force: true });
    },
  };
}

/** Removes a dead owner's lock. Only the holder of the guard does so: of two, the slower would remove the quicker one's new lock. */
function takeAway(directory: string, file: string, claim: string): void {
  const guard = `${file}.takeover`;
  if (!linked(claim, guard)) {
    refuseWhenOwned(directory, guard);
    rmSync(guard, { force: true });
    return;
  }
  try {
    refuseWhenOwned(directory, file);
    rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function refuseWhenOwned(directory: string, file: string): void {
  const owner = readIdentity(file);
  if (owner !== undefined && isAlive(owner)) throw new DirectoryLockedError(directory, owner.pid);
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function isSame(left: ProcessIdentity | undefined, right: ProcessIdentity): boolean {
  return left?.pid === right.pid && left.started === right.started;
}
