import type { Dashboard } from '@grafana/schema';
import { interpolate, type VariableValues } from '../../../src/grafana/interpolate.ts';
import { expandMacros, type MacroContext } from '../../../src/grafana/macros.ts';
import type { Mark } from './panel-body.tsx';

/** Asks what the annotations of a dashboard mark. */
export async function readMarks(
  dashboard: Dashboard,
  chosen: VariableValues,
  context: MacroContext,
): Promise<readonly Mark[]> {
  const marks: Mark[] = [];
  for (const annotation of dashboard.annotations?.list ?? []) {
    const target: unknown = annotation.target;
    const sql: unknown = typeof target === 'object' && target !== null ? Reflect.get(target, 'rawSql') : undefined;
    if (typeof sql !== 'string') continue;
    const answer = await window.askClickHouse(expandMacros(interpolate(sql, chosen), context));
    for (const row of answer.rows) {
      const end = row['timeEnd'];
      marks.push({
        fromMs: Date.parse(String(row['time'])),
        toMs: end === undefined || end === null ? undefined : Date.parse(String(end)),
        color: annotation.iconColor,
      });
    }
  }
  return marks;
}
