import { expect, test } from 'vitest';
import { z } from 'zod';
import { reproducibleSql } from '../../../src/api/read/reproducible-sql.ts';
import { defineQuery } from '../../../src/store/query.ts';

test('parameters become literals that cannot leave their quotes', () => {
  const query = defineQuery<{
    readonly model: string;
    readonly from: number;
    readonly names: readonly string[];
    readonly flag: boolean;
  }>()({
    name: 'q',
    sql: "SELECT {model:String}, {from:Int64}, {names:Array(String)}, {flag:Bool}, map('k', 1)",
    row: z.object({}),
  });
  const { title, sql } = reproducibleSql('Title', query, {
    model: `a'; DROP TABLE x --\\`,
    from: 5,
    names: ["b'", 'c'],
    flag: false,
  });
  expect(title).toBe('Title');
  expect(sql).toBe(String.raw`SELECT 'a\'; DROP TABLE x --\\', 5, ['b\'', 'c'], false, map('k', 1)`);
});
