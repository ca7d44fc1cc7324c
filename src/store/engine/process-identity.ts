import { readFileSync } from 'node:fs';
import { z } from 'zod';

const identitySchema = z.object({ pid: z.number().int().positive(), started: z.string() });

/** A process id with its start time, which tells a reused id from the old owner. */
export type ProcessIdentity = z.infer<typeof identitySchema>;

/** Returns the identity of a live process; `started` is empty where the system does not tell. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, started: processStart(pid) };
}

/** Returns whether that very process still runs. */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return processStart(identity.pid) === identity.started;
}

/** Returns the identity kept in a JSON file, or undefined when the file is absent or damaged. */
export function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    return identitySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat: clock ticks since boot. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return (
      stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .at(19) ?? ''
    );
  } catch {
    return '';
  }
}
