import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-summary-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface FileReport {
  readonly status: 'passed' | 'failed';
  readonly tests: readonly string[];
}

function summarise(reports: readonly FileReport[]) {
  const testResults = reports.map(({ status, tests }, index) => ({
    name: join(process.cwd(), `test/file-${index}.test.ts`),
    status,
    message: status === 'failed' && tests.length === 0 ? 'Cannot find module\nat somewhere' : '',
    assertionResults: tests.map((result, number) => ({
      status: result,
      fullName: `does ${result} thing ${number}`,
      failureMessages: result === 'failed' ? ['Error: 1 is not 2\n    at here.ts:1'] : [],
    })),
  }));
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify({ testResults }));
  return run(file);
}

function run(...args: readonly string[]) {
  const { stdout, status } = spawnSync(process.execPath, ['scripts/print-test-summary.mjs', ...args], {
    encoding: 'utf8',
  });
  const lines = stdout.trimEnd().split('\n');
  return { last: lines.at(-1), notices: lines.slice(0, -1), status };
}

test('the last line counts the tests of all files, and the exit code is 0 when none failed', () => {
  const summary = summarise([
    { status: 'passed', tests: ['passed', 'passed'] },
    { status: 'passed', tests: ['passed'] },
  ]);
  expect(summary).toEqual({ last: '3 passed, 0 failed, 0 skipped', notices: [], status: 0 });
});

test.each(['skipped', 'pending', 'todo'])('a test that is %s is named', (state) => {
  const summary = summarise([{ status: 'passed', tests: ['passed', state] }]);
  expect(summary.notices).toEqual([`SKIPPED  test/file-0.test.ts > does ${state} thing 1`]);
  expect(summary).toMatchObject({ last: '1 passed, 0 failed, 1 skipped', status: 0 });
});

test('a failed test is named with its reason and fails the run', () => {
  const summary = summarise([{ status: 'failed', tests: ['passed', 'failed'] }]);
  expect(summary.notices).toEqual([
    'FAILED   test/file-0.test.ts > does failed thing 1',
    '           Error: 1 is not 2',
    '               at here.ts:1',
  ]);
  expect(summary).toMatchObject({ last: '1 passed, 1 failed, 0 skipped', status: 1 });
});

test('a file that does not load is one failure', () => {
  const summary = summarise([
    { status: 'passed', tests: ['passed'] },
    { status: 'failed', tests: [] },
  ]);
  expect(summary.notices).toEqual(['FAILED   test/file-1.test.ts (the file itself): Cannot find module']);
  expect(summary).toMatchObject({ last: '1 passed, 1 failed, 0 skipped', status: 1 });
});

test('a file whose set-up broke is one failure beside the tests that it skipped', () => {
  expect(summarise([{ status: 'failed', tests: ['skipped', 'skipped'] }])).toMatchObject({
    last: '0 passed, 1 failed, 2 skipped',
    status: 1,
  });
});

test('a run in which nothing ran fails', () => {
  expect(summarise([])).toEqual({ last: '0 passed, 0 failed, 0 skipped', notices: [], status: 1 });
  expect(run(join(folder, 'absent.json'))).toMatchObject({ last: '0 passed, 0 failed, 0 skipped', status: 1 });
  expect(run()).toMatchObject({ status: 1 });
});
