import type { Query, QueryParameter, QueryParameters } from '../../store/query.ts';

/** A statement that gives the same number again when pasted into a ClickHouse client. */
export interface ReproducibleSql {
  readonly title: string;
  readonly sql: string;
}

/** Returns the query with its parameters written out as literals. For people to read and paste, never for us to run. */
export function reproducibleSql<P extends QueryParameters, R>(
  title: string,
  query: Query<P, R>,
  parameters: P,
): ReproducibleSql {
  const all: QueryParameters = parameters;
  const sql = query.sql.replaceAll(/\{(\w+):[^{}]+\}/g, (placeholder, name: string) => {
    const value = all[name];
    return value === undefined ? placeholder : literal(value);
  });
  return { title, sql };
}

function literal(value: QueryParameter): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `[${value.map((item) => (typeof item === 'string' ? quote(item) : String(item))).join(', ')}]`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
