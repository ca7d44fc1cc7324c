import type { Dashboard, VariableModel } from '@grafana/schema';
import { interpolate, type VariableValues } from '../../../src/grafana/interpolate.ts';
import { expandMacros, type MacroContext } from '../../../src/grafana/macros.ts';

/** A variable as the bar above the panels shows it. */
export interface ShownVariable {
  readonly label: string;
  readonly text: string;
}

export interface ChosenVariables {
  readonly values: VariableValues;
  readonly shown: readonly ShownVariable[];
}

/** Returns what every variable of a dashboard is set to: All where that is preset, else the preferred or first option. */
export async function chooseVariables(options: {
  readonly dashboard: Dashboard;
  readonly context: MacroContext;
  readonly preferred: Readonly<Record<string, string>>;
}): Promise<ChosenVariables> {
  const values: Record<string, readonly string[]> = {};
  const all: string[] = [];
  const shown: ShownVariable[] = [];
  for (const variable of options.dashboard.templating?.list ?? []) {
    const preset = variable.current?.value;
    const isAll = Array.isArray(preset) && preset.includes('$__all');
    if (variable.type !== 'query') {
      values[variable.name] = [String(preset)];
    } else {
      const found = await optionsOf(variable, { values, all }, options.context);
      const wanted = options.preferred[variable.name] ?? String(preset ?? '');
      const one = found.includes(wanted) ? wanted : (found[0] ?? '');
      values[variable.name] = isAll ? found : [one];
      if (isAll) all.push(variable.name);
    }
    const text = isAll ? 'All' : (values[variable.name]?.join(' + ') ?? '');
    const ofSource = typeof variable.current?.text === 'string' && variable.type === 'datasource';
    shown.push({ label: variable.label ?? variable.name, text: ofSource ? String(variable.current?.text) : text });
  }
  return { values: { values, all }, shown };
}

async function optionsOf(
  variable: VariableModel,
  chosen: VariableValues,
  context: MacroContext,
): Promise<readonly string[]> {
  const query: unknown = typeof variable.query === 'object' ? variable.query : {};
  const sql: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, 'rawSql') : undefined;
  if (typeof sql !== 'string') return [];
  const answer = await window.askClickHouse(expandMacros(interpolate(sql, chosen), context));
  return answer.rows.map((row) => String(Object.values(row)[0]));
}
