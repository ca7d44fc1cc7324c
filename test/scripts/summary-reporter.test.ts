import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
let lines: readonly string[];

// What the reporter is run on: the skipped, failing and broken ones among them are what it has to tell of.
const FILES = {
  'good.test.mjs': `import { expect, test } from 'vitest';
    test('adds', () => expect(1 + 1).toBe(2));
    test.skip('waits for better days', () => {});`,
  'bad.test.mjs': `import { describe, expect, test } from 'vitest';
    describe('numbers', () => { test('are equal', () => expect(1).toBe(2)); });
    test('takes too long', { timeout: 20 }, () => new Promise(() => {}));`,
  'hook.test.mjs': `import { afterAll, beforeAll, describe, test } from 'vitest';
    describe('a set-up', () => { beforeAll(() => { throw new Error('no engine'); }); test('needs it', () => {}); });
    describe('an end', () => { afterAll(() => { throw new Error('not empty'); }); test('passes', () => {}); });`,
  'absent.test.mjs': `import './nothing-there.mjs';`,
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-summary-'));
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  lines = summarise(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the tests of a folder with the reporter, in a vitest of its own. */
function summarise(root: string, ...files: readonly string[]): readonly string[] {
  const path = join(folder, 'out', 'summary.txt');
  const reporter = join(process.cwd(), 'scripts/summary-reporter.mjs');
  spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--root', root, `--reporter=${reporter}`, ...files],
    { encoding: 'utf8', env: { ...process.env, PLUMBLINE_TEST_SUMMARY: path } },
  );
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

/** The lines of one notice: what it says first, and its reasons without their indent. */
function notice(start: string): readonly string[] {
  const first = lines.findIndex((line) => line.startsWith(start));
  const rest = lines.slice(first + 1);
  const end = rest.findIndex((line) => !line.startsWith('    '));
  return [lines[first] ?? '', ...rest.slice(0, end)].map((line) => line.trim());
}

test('the last line counts the tests of all files; a broken file or hook is a failure of its own', () => {
  expect(lines.at(-1)).toBe('2 passed, 4 failed, 2 skipped');
});

test('skipped tests are named', () => {
  expect(lines).toContain('SKIPPED  good.test.mjs > waits for better days');
});

test('a failed test is named with its reason and where it is', () => {
  const [first, reason, where] = notice('FAILED   bad.test.mjs > numbers > are equal');
  expect([first, reason]).toEqual([
    'FAILED   bad.test.mjs > numbers > are equal',
    'expected 1 to be 2 // Object.is equality',
  ]);
  expect(where).toMatch(/^at .*bad\.test\.mjs:2/);
});

test('a test that ran out of time says so', () => {
  expect(notice('FAILED   bad.test.mjs > takes too long')[1]).toMatch(/^Test timed out in 20ms/);
});

test('a hook that broke says why, before the tests and after them', () => {
  const hooks = lines.filter((line) => line.startsWith('FAILED   hook.test.mjs (the file or a hook of it)'));
  expect(hooks).toHaveLength(1);
  expect(notice('FAILED   hook.test.mjs (')).toContain('no engine');
  expect(notice('FAILED   hook.test.mjs (')).toContain('not empty');
});

test('a file that does not load says why', () => {
  expect(notice('FAILED   absent.test.mjs (')[1]).toContain('nothing-there.mjs');
});

test('a run that finds no test leaves a summary that counts none', () => {
  expect(summarise(folder, 'no-such-name').at(-1)).toBe('0 passed, 0 failed, 0 skipped');
});
