// A reporter of vitest that writes what a reader of a run's end needs to PLUMBLINE_TEST_SUMMARY (a path): failed tests,
// files and hooks with their reasons, skipped tests by name, and as the last line `N passed, N failed, N skipped`.
// A file that failed without a failed test (it does not load, or a hook broke) counts as one failure.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const REASON_LINES = 12;

export default class SummaryReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly { message: string, stack?: string }[]} unhandled errors that belong to no test
   */
  onTestRunEnd(modules, unhandled) {
    const totals = { passed: 0, failed: 0, skipped: 0 };
    const lines = [];
    for (const module of modules) describe(module, totals, lines);
    for (const error of unhandled) {
      totals.failed += 1;
      lines.push('FAILED   outside of all tests', ...reasonsOf([error]));
    }
    lines.push(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
    write(lines);
  }
}

function describe(module, totals, lines) {
  const file = module.relativeModuleId;
  let failures = 0;
  for (const test of module.children.allTests()) {
    const { state, errors = [] } = test.result();
    if (state === 'passed') {
      totals.passed += 1;
    } else if (state === 'failed') {
      failures += 1;
      lines.push(`FAILED   ${file} > ${test.fullName}`, ...reasonsOf(errors));
    } else {
      totals.skipped += 1;
      lines.push(`SKIPPED  ${file} > ${test.fullName}`);
    }
  }
  const others = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
  if (others.length > 0 || (module.state() === 'failed' && failures === 0)) {
    failures += 1;
    lines.push(`FAILED   ${file} (the file or a hook of it)`, ...reasonsOf(others));
  }
  totals.failed += failures;
}

/** The message and the first lines of the stack of each error. */
function reasonsOf(errors) {
  return errors.flatMap(({ message, stack = '' }) => {
    const frames = stack.split('\n').filter((line) => line.trimStart().startsWith('at '));
    return [...message.split('\n'), ...frames].slice(0, REASON_LINES).map((line) => `           ${line}`);
  });
}

function write(lines) {
  const path = process.env['PLUMBLINE_TEST_SUMMARY'];
  if (path === undefined || path === '') throw new Error('PLUMBLINE_TEST_SUMMARY names no file.');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${lines.join('\n')}\n`);
}
