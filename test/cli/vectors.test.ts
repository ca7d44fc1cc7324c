import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runVectors } from '../../src/cli/vectors.ts';

const GOLDEN = fileURLToPath(new URL('../golden/statistics.json', import.meta.url));

describe('vectors command', () => {
  let folder: string;
  let lines: string[];
  let complaints: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vectors-'));
    lines = [];
    complaints = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
    vi.spyOn(console, 'error').mockImplementation((line: string) => void complaints.push(line));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true, force: true });
  });

  it('ends with the count and exits 0 when every case passes', async () => {
    expect(await runVectors([GOLDEN])).toBe(0);
    expect(lines).toEqual(['450 passed, 0 failed']);
  });

  it('names id, field and both values of a failure, ends with the count and exits 1', async () => {
    const file = join(folder, 'wrong.json');
    const good = { id: 'good', statistic: 'alarm_budget', params: PARAMS, expected: { q: 1 / 720 } };
    const wrong = { ...good, id: 'wrong', expected: { q: 0.5 } };
    const unknown = { ...good, id: 'unknown', statistic: 'tea_leaves' };
    writeFileSync(file, JSON.stringify({ cases: [good, wrong, unknown] }));
    expect(await runVectors([file])).toBe(1);
    expect(lines[0]).toBe(`wrong (alarm_budget) q: actual ${1 / 720}, expected 0.5`);
    expect(lines[1]).toContain('unknown (tea_leaves)');
    expect(lines.at(-1)).toBe('1 passed, 2 failed');
  });

  it.each([
    ['no file is given', []],
    ['the file does not exist', ['absent.json']],
    ['two files are given', [GOLDEN, GOLDEN]],
  ])('exits 2 with one sentence when %s', async (_name, argv) => {
    expect(await runVectors(argv)).toBe(2);
    expect(complaints).toHaveLength(1);
    expect(lines).toEqual([]);
  });

  it.each([
    ['is not JSON', '{"cases":'],
    ['has another form', '{"rows":[]}'],
  ])('exits 2 with one sentence when the file %s', async (_name, text) => {
    const file = join(folder, 'bad.json');
    writeFileSync(file, text);
    expect(await runVectors([file])).toBe(2);
    expect(complaints).toHaveLength(1);
  });
});

const PARAMS = { budget_per_month: 1, share: 1, window_hours: 1 };
