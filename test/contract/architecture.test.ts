import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';
import { beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const configuration: unknown = createRequire(import.meta.url)('../../.dependency-cruiser.cjs');

function sources(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`);
}

function isCruiseResult(value: unknown): value is ICruiseResult {
  return typeof value === 'object' && value !== null && 'modules' in value && 'summary' in value;
}

describe('the layer table', () => {
  let result: ICruiseResult;

  beforeAll(async () => {
    if (
      typeof configuration !== 'object' ||
      configuration === null ||
      !('forbidden' in configuration) ||
      !('options' in configuration)
    ) {
      throw new TypeError('The configuration of dependency-cruiser has no rules.');
    }
    const { forbidden, options } = configuration;
    const cruised = await cruise(
      ['src', 'dashboards'],
      { ...Object(options), ruleSet: { forbidden }, validate: true, baseDir: root },
      undefined,
      { tsConfig: extractTSConfig(join(root, 'tsconfig.json')) },
    );
    if (!isCruiseResult(cruised.output)) throw new TypeError('dependency-cruiser gave no result.');
    result = cruised.output;
  });

  test('is kept by every module', () => {
    expect(result.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
  });

  test('was checked on every source file', () => {
    const seen = new Set(result.modules.map(({ source }) => source));
    const missing = [...sources('src'), ...sources('dashboards')].filter((file) => !seen.has(file));
    expect(missing).toEqual([]);
    expect(seen.size).toBeGreaterThan(150);
  });
});

describe('the house rules', () => {
  test('only the configuration and the engine child read the environment', () => {
    const readers = sources('src').filter((file) => /process\.env\b/.test(readFileSync(join(root, file), 'utf8')));
    expect(readers.sort()).toEqual(['src/config.ts', 'src/store/engine/engine-child.ts']);
  });

  test('no source file is longer than 300 lines of code', () => {
    const long = [...sources('src'), ...sources('dashboards')].filter(
      (file) =>
        readFileSync(join(root, file), 'utf8')
          .split('\n')
          .filter((line) => !/^\s*(\/\/|\*|\/\*|$)/.test(line)).length > 300,
    );
    expect(long).toEqual([]);
  });
});
