import { AppError } from '../core/errors.ts';

/** Chosen values of dashboard variables by name; All is told apart because macros treat it apart. */
export interface VariableValues {
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly all?: readonly string[];
  /** Whose plugin fills in what has no format: Prometheus makes regular expressions of several values. */
  readonly source?: 'clickhouse' | 'prometheus';
}

/**
 * Returns a query as the browser sends it: `$__conditionalAll` decided, then variables filled in. `values` of a variable
 * named in `all` are its options.
 *
 * @throws E_GRAFANA_VARIABLE  when a variable has no values or its format is not one of those we use
 * @see grafana/clickhouse-datasource 4.20.0, src/data/CHDatasource.ts applyConditionalAll
 */
export function interpolate(text: string, chosen: VariableValues): string {
  return applyConditionalAll(text, chosen.all ?? []).replaceAll(
    /\$\{(?!__)(\w+)(?::(\w+))?\}|\$(?!__)([A-Za-z]\w*)/g,
    (_placeholder: string, braced?: string, format?: string, plain?: string) => {
      const name = braced ?? plain ?? '';
      const values = chosen.values[name];
      if (values === undefined) throw new AppError('E_GRAFANA_VARIABLE', `Variable ${name} has no value.`);
      return format === undefined && chosen.source === 'prometheus' ? matcher(values) : formatValues(values, format);
    },
  );
}

function applyConditionalAll(text: string, all: readonly string[]): string {
  return text.replaceAll(
    /\$__conditionalAll\(((?:[^(),]|\([^()]*\))*),\s*\$\{?(\w+)\}?\s*\)/g,
    (_call, condition: string, name: string) => (all.includes(name) ? '1=1' : condition),
  );
}

/** @see grafana/grafana 12, packages/grafana-prometheus/src/datasource.ts interpolateQueryExpr */
function matcher(values: readonly string[]): string {
  const [first = '', ...others] = values.map((value) =>
    value.replaceAll('\\', String.raw`\\\\`).replaceAll(/[$^*{}[\]'+?.()|]/g, String.raw`\\$&`),
  );
  return others.length === 0 ? first : `(${[first, ...others].join('|')})`;
}

function formatValues(values: readonly string[], format: string | undefined): string {
  switch (format) {
    case undefined:
    case 'raw':
      return values.join(',');
    case 'singlequote':
      return values.map((value) => `'${value.replaceAll("'", "\\'")}'`).join(',');
    case 'percentencode':
      return encodeURIComponent(values.join(','));
    default:
      throw new AppError('E_GRAFANA_VARIABLE', `Format ${format} of a variable is not one of those we use.`);
  }
}
