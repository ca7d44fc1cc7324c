import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../src/config.ts';
import { readYaml } from './read-yaml.ts';

const FOLDER = 'deploy/clickhouse';
const cluster = readFileSync(`${FOLDER}/cluster.xml`, 'utf8');
const users = readFileSync(`${FOLDER}/users.xml`, 'utf8');

/** Returns the paths of all elements, and throws when one is not closed in order. */
function elementsOf(xml: string): readonly string[] {
  const open: string[] = [];
  const paths: string[] = [];
  for (const [, closing, name = '', rest = ''] of xml
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .matchAll(/<(\/?)([\w-]+)([^<>]*)>/g)) {
    if (closing === '/') {
      const opened = open.pop();
      if (opened !== name) throw new Error(`</${name}> closes <${opened}>.`);
      continue;
    }
    open.push(name);
    paths.push(open.join('/'));
    if (rest.endsWith('/')) open.pop();
  }
  if (open.length > 0) throw new Error(`${open.join('/')} is not closed.`);
  return paths;
}

describe('the samples for a ClickHouse cluster', () => {
  test('are well-formed', () => {
    expect(elementsOf(cluster)).toContain('clickhouse/distributed_ddl/path');
    expect(elementsOf(users)).toContain('clickhouse/users/plumbline_reader/grants/query');
  });

  test('define the cluster that the configuration of Plumbline names, and the macros that replicated tables need', () => {
    const raw = readYaml(
      `${FOLDER}/plumbline.yaml`,
      z.looseObject({ clickhouse: z.looseObject({ password: z.string() }) }),
    );
    const { clickhouse } = parseConfig(
      { ...raw, clickhouse: { ...raw.clickhouse, password: 'from-the-environment' } },
      'cluster',
    );
    const paths = elementsOf(cluster);
    expect(paths).toContain(`clickhouse/remote_servers/${clickhouse.cluster}/shard/replica/host`);
    expect(paths).toEqual(expect.arrayContaining(['clickhouse/macros/shard', 'clickhouse/macros/replica']));
    expect(elementsOf(users)).toContain(`clickhouse/users/${clickhouse.username}/profile`);
  });

  test('let the reader do nothing but read', () => {
    const reader = /<plumbline_reader>\s*<password[\s\S]*?<\/plumbline_reader>/.exec(users)?.[0] ?? '';
    expect([...reader.matchAll(/<query>(.*?)<\/query>/g)].map((match) => match[1])).toEqual([
      'GRANT SELECT ON plumbline.*',
    ]);
    expect(users).toMatch(/<plumbline_reader>\s*<readonly>1<\/readonly>/);
  });
});
