import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BUILT_MAIN = `${ROOT}dist/src/main.js`;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the built command line, as users run it, in a process of its own; the caller ends it. */
export function spawnPlumbline(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): ChildProcess {
  requireFreshBuild();
  return spawn(process.execPath, [BUILT_MAIN, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC', TMPDIR: tmpdir(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs a command line to its end, for at most two minutes. */
export async function runPlumbline(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string | Buffer;
  } = {},
): Promise<Finished> {
  const child = spawnPlumbline(args, options);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  child.stdin?.on('error', () => {}); // a command that does not read its input may be gone already
  child.stdin?.end(options.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), 120_000);
  const exit = await whenClosed(child);
  clearTimeout(timer);
  return { ...exit, stdout, stderr };
}

/** Resolves when the process has ended and its output is complete. */
export function whenClosed(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** Returns whether a process runs; one that has ended and waits for its parent does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}

/** Returns the largest resident memory that a process ever had, in bytes. */
export function peakMemoryBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (match === null) throw new Error(`The system does not tell the peak memory of process ${pid}.`);
  return Number(match[1]) * 1024;
}

/**
 * Asks again and again until the answer is not undefined.
 *
 * @throws Error naming what was waited for when `withinMs` have passed
 */
export async function waitFor<T>(
  what: string,
  check: () => T | undefined | Promise<T | undefined>,
  withinMs = 90_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await check();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let buildIsFresh = false;

/** A build older than the sources would test yesterday's program. */
function requireFreshBuild(): void {
  if (buildIsFresh) return;
  const built = statSync(BUILT_MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changed = readdirSync(`${ROOT}src`, { recursive: true, withFileTypes: true }).find(
    (entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).mtimeMs > built,
  );
  if (changed !== undefined) {
    throw new Error(`${join(changed.parentPath, changed.name)} is newer than the build: run \`npm run build\` first.`);
  }
  buildIsFresh = true;
}

/** Waits until a server answers a GET with a success. */
export async function whenReady(url: string): Promise<void> {
  await waitFor(url, async () => {
    try {
      return (await fetch(url)).ok ? true : undefined;
    } catch (error) {
      if (error instanceof TypeError) return undefined; // it does not listen yet
      throw error;
    }
  });
}
