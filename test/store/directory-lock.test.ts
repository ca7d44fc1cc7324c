import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { DirectoryLockedError, lockDirectory } from '../../src/store/engine/directory-lock.ts';
import { identifyProcess } from '../../src/store/engine/process-identity.ts';
import { waitFor, whenClosed } from '../support/processes.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

function ownedBy(identity: unknown): void {
  writeFileSync(`${folder}/lock`, typeof identity === 'string' ? identity : JSON.stringify(identity));
}

describe('a data folder', () => {
  test('has one owner at a time; the second is told who the first is', () => {
    const lock = lockDirectory(folder);
    expect(() => lockDirectory(folder)).toThrow(DirectoryLockedError);
    expect(() => lockDirectory(folder)).toThrow(`The data directory ${folder} is in use by process ${process.pid}.`);
    lock.release();
    lockDirectory(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over from an owner that has ended', () => {
    const ended = spawnSync('true').pid;
    ownedBy({ pid: ended, started: '1' });
    lockDirectory(folder);
    expect(JSON.parse(readFileSync(`${folder}/lock`, 'utf8'))).toEqual(identifyProcess(process.pid));
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  test('is taken over when another process has the number of the dead owner', () => {
    ownedBy({ pid: process.pid, started: 'long ago' });
    lockDirectory(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over from a lock file that says nothing', () => {
    ownedBy('');
    lockDirectory(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over from an owner that has ended but that nobody waited for', async () => {
    // The shell leaves its child behind and becomes a program that never waits for it.
    const parent = start('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 60']);
    const pid = await new Promise<number>((resolve) =>
      parent.stdout?.once('data', (text: Buffer) => resolve(Number(text.toString()))),
    );
    await waitFor('the child to end', () =>
      /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')) ? true : undefined,
    );
    ownedBy(identifyProcess(pid));
    lockDirectory(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is not freed by a former owner', () => {
    const lock = lockDirectory(folder);
    ownedBy({ pid: 1, started: 'somebody else' });
    lock.release();
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  test('that cannot be written is named', () => {
    expect(() => lockDirectory(`${folder}/absent`)).toThrow(`Cannot write the lock file ${folder}/absent/lock`);
  });
});

test('of several processes that find a dead owner at the same time, one takes over', async () => {
  const races = Array.from({ length: 150 }, (_, race) => `${folder}/${race}`);
  for (const race of races) {
    mkdirSync(race);
    writeFileSync(`${race}/lock`, JSON.stringify({ pid: 999_999_999, started: '1' }));
  }
  const runners = Array.from({ length: 3 }, () =>
    start(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', RUNNER, ...races]),
  );
  const ready = runners.map((runner) => nextLine(runner));
  await Promise.all(ready);
  const results = runners.map((runner) => nextLine(runner));
  for (const runner of runners) runner.stdin?.write('go\n');
  const won = (await Promise.all(results)).map((line) => z.array(z.string()).parse(JSON.parse(line)));
  for (const runner of runners) {
    runner.stdin?.end();
    await whenClosed(runner);
  }
  expect(won.flat().sort()).toEqual([...races].sort());
});

const RUNNER = `
import { lockDirectory } from ${JSON.stringify(new URL('../../src/store/engine/directory-lock.ts', import.meta.url).href)};
process.stdout.write('ready\\n');
process.stdin.once('data', () => {
  const won = [];
  for (const race of process.argv.slice(1)) {
    try {
      lockDirectory(race);
      won.push(race);
    } catch (error) {
      if (error.code !== 'E_ENGINE_LOCKED') won.push(String(error));
    }
  }
  process.stdout.write(JSON.stringify(won) + '\\n');
});
process.stdin.on('end', () => process.exit(0));
`;

function nextLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const listen = (chunk: Buffer): void => {
      text += chunk.toString('utf8');
      if (!text.endsWith('\n')) return;
      child.stdout?.off('data', listen);
      resolve(text);
    };
    child.stdout?.on('data', listen);
  });
}
