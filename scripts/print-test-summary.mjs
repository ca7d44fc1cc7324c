// Prints what a JSON report of vitest says: skipped and failed tests by name, and as the last line
// `N passed, N failed, N skipped`. Exits 1 when something failed or nothing ran.
// A file that failed without a failed test (it does not load, or its set-up broke) counts as one failure.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

const totals = { passed: 0, failed: 0, skipped: 0 };
const notices = [];
try {
  for (const file of readReport(process.argv[2])) count(file);
} catch (error) {
  notices.push(`There is no report of the tests to read: ${error.message}`);
}
for (const notice of notices) console.log(notice);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;

function readReport(path) {
  if (path === undefined) throw new Error('give its path.');
  return JSON.parse(readFileSync(path, 'utf8')).testResults;
}

/** The first lines of each failure: what a reader of this summary alone needs. */
function reasonsOf(messages) {
  return messages.flatMap((message) => message.split('\n').slice(0, 12)).map((line) => `           ${line}`);
}

function count({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  let failures = 0;
  for (const test of assertionResults) {
    if (test.status === 'passed') {
      totals.passed += 1;
    } else if (test.status === 'failed') {
      failures += 1;
      notices.push(`FAILED   ${file} > ${test.fullName}`, ...reasonsOf(test.failureMessages));
    } else {
      totals.skipped += 1;
      notices.push(`SKIPPED  ${file} > ${test.fullName}`);
    }
  }
  if (status === 'failed' && failures === 0) {
    failures = 1;
    notices.push(`FAILED   ${file} (the file itself)${message ? `: ${message.split('\n')[0]}` : ''}`);
  }
  totals.failed += failures;
}
