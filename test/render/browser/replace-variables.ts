import { getFieldDisplayName, type InterpolateFunction, type ScopedVars } from '@grafana/data';
import { interpolate, type VariableValues } from '../../../src/grafana/interpolate.ts';

/** Returns Grafana's function that fills variables into texts: those of a field first, then the dashboard's. */
export function replaceVariables(chosen: VariableValues): InterpolateFunction {
  return (text, scoped) => {
    const local = text.replaceAll(/\$\{__field\.([^:}]+)(?::\w+)?\}/g, (whole, path: string) => {
      const value = ofField(scoped, path);
      return value === undefined ? whole : value;
    });
    // Links also name what only a running Grafana has; they are not followed in a picture.
    return /\$\{\w+:queryparam\}|\$\{__/.test(local) ? local : interpolate(local, chosen);
  };
}

/** As FieldMacro of @grafana/scenes: `labels.<name>`, `name` or `displayName` of the field at hand. */
function ofField(scoped: ScopedVars | undefined, path: string): string | undefined {
  const context = scoped?.__dataContext?.value;
  if (context?.field === undefined) return undefined;
  const { field, frame } = context;
  if (path === 'name') return field.name;
  if (path === 'displayName') return getFieldDisplayName(field, frame);
  return path.startsWith('labels.') ? field.labels?.[path.slice('labels.'.length)] : undefined;
}
