import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { vectorRegistry } from '../../src/stats/vectors/registry.ts';
import { runCases } from '../../src/stats/vectors/run.ts';

const file: unknown = JSON.parse(readFileSync(new URL('../golden/statistics.json', import.meta.url), 'utf8'));
const results = runCases(file, vectorRegistry);

describe('golden statistics', () => {
  it('has all 450 cases of all 57 statistics', () => {
    expect(results).toHaveLength(450);
    expect(new Set(results.map((result) => result.statistic)).size).toBe(57);
  });

  it('passes every case through the functions of the product', () => {
    const failing = results.filter((result) => result.mismatches.length > 0);
    expect(failing).toEqual([]);
  });
});
