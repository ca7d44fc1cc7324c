import { readFileSync } from 'node:fs';
import { z } from 'zod';

const identitySchema = z.object({ pid: z.number().int().positive(), started: z.string() });

/** A process id with its start time, which tells a reused id from the old owner. */
export type ProcessIdentity = z.infer<typeof identitySchema>;

/** Returns the identity of a live process; `started` is empty where the system does not tell. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, started: processStat(pid)?.started ?? '' };
}

/** Returns whether that very process still runs. One that has ended and that nobody waited for does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const stat = processStat(identity.pid);
  return (stat?.started ?? '') === identity.started && stat?.state !== 'Z';
}

/** Returns the identity kept in a JSON file, or undefined when the file is absent or damaged. */
export function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    return identitySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Fields 3 and 22 of /proc/PID/stat: the state, and the start in clock ticks since boot. */
function processStat(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}
