import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type DriftOptions, runDrift } from '../../src/cli/drift.ts';
import { systemClock } from '../../src/core/clock.ts';
import { UsageError } from '../../src/core/errors.ts';
import { writeFile } from '../analysis/drift/support/compare-files.ts';
import { normals } from '../analysis/drift/support/samples.ts';

async function run(
  options: DriftOptions,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const output = { out: '', err: '' };
  const code = await runDrift(options, {
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    stdout: (text) => {
      output.out += text;
    },
    stderr: (text) => {
      output.err += text;
    },
  });
  return { code, ...output };
}

const lines = (shift: number, seed: number): string[] =>
  normals(seed, 800).map((x) => JSON.stringify({ features: { x: x + shift } }));
const reference = writeFile('reference.ndjson', lines(0, 1));
const steady = writeFile('steady.ndjson', [...lines(0, 2), 'not json']);
const moved = writeFile('moved.ndjson', lines(1, 3));
const slightly = writeFile('slightly.csv', ['x', ...normals(4, 40_000).map((x) => x + 0.08)].map(String));
const large = writeFile('large.csv', ['x', ...normals(5, 40_000)].map(String));

describe('plumbline drift', () => {
  it('prints a table, tells of skipped lines on stderr and leaves nothing in the temporary folder', async () => {
    const before = readdirSync(tmpdir()).filter(
      (name) => name.startsWith('plumbline-drift-') && !name.includes('test'),
    );
    const result = await run({ reference, current: steady, failOn: 'drift' });
    expect(result.code).toBe(0);
    expect(result.out).toMatch(/^Profile robust; reference 800 rows\n\nWindow all: 800 rows, stable\nfeature +level/);
    expect(result.err).toBe(`${steady}: 1 lines skipped, first at line 801.\n`);
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('plumbline-drift-') && !name.includes('test'));
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });

  it('exits 1 when drift reaches what --fail-on names, and 0 without it', async () => {
    expect((await run({ reference, current: moved, failOn: 'drift' })).code).toBe(1);
    expect((await run({ reference, current: moved })).code).toBe(0);
    expect((await run({ reference: large, current: slightly, failOn: 'drift' })).code).toBe(0);
    expect((await run({ reference: large, current: slightly, failOn: 'warning' })).code).toBe(1);
  });

  it('prints JSON in the shape of the contract', async () => {
    const result = await run({ reference, current: moved, format: 'json', profile: 'textbook' });
    const report = z
      .looseObject({ profile: z.string(), windows: z.array(z.looseObject({ drifted: z.array(z.string()) })) })
      .parse(JSON.parse(result.out));
    expect(report.profile).toBe('textbook');
    expect(report.windows[0]?.drifted).toEqual(['x']);
  });

  it('writes a self-contained page with what every profile says', async () => {
    const out = join(mkdtempSync(join(tmpdir(), 'plumbline-page-test-')), 'report.html');
    const result = await run({ reference, current: moved, format: 'html', out, compareProfiles: true });
    expect(result.out).toBe('');
    const page = readFileSync(out, 'utf8');
    expect(page).toContain('What each profile says');
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it.each([
    [{ reference, current: moved, profile: 'best' }, '--profile must be one of robust, textbook'],
    [{ reference, current: moved, window: 'year' }, '--window must be one of all, hour, day, week, month'],
    [{ reference, current: moved, failOn: 'always' }, '--fail-on must be one of drift, warning'],
    [{ reference, current: '/nowhere/at-all.csv' }, 'no such file'],
    [{ reference, current: moved, segment: 'region' }, 'no segment or feature region'],
  ])('refuses %j', async (options, message) => {
    await expect(run(options)).rejects.toThrow(UsageError);
    await expect(run(options)).rejects.toThrow(message);
    expect(existsSync(join(tmpdir(), 'drift_rows'))).toBe(false);
  });
});
