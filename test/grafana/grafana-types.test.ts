import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { dashboards } from '../../dashboards/index.ts';
import { textAt } from '../../src/grafana/json.ts';
import { grafanaSchemas } from './schema-problems.ts';

const { version, problems } = grafanaSchemas();
const INSTALLED = new URL('../../node_modules/@grafana/schema/package.json', import.meta.url);

describe('dashboards and the types of Grafana', () => {
  it('are compared with the version that is installed (else run test/grafana/write-schemas.ts)', () => {
    expect(version).toBe(z.object({ version: z.string() }).parse(JSON.parse(readFileSync(INSTALLED, 'utf8'))).version);
  });

  it.each(dashboards.map((make) => [textAt(make(), 'uid'), make()] as const))('%s fits them', (_uid, dashboard) => {
    expect(problems(dashboard)).toEqual([]);
  });
});
