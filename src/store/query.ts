import type { z } from 'zod';

/**
 * A query is a value: its name (for spans and metrics), its SQL with typed placeholders such as `{model:String}`,
 * and the schemas of its parameters and of one row of its answer.
 */
export interface Query<P extends QueryParameters, R> {
  readonly name: string;
  readonly sql: string;
  readonly row: z.ZodType<R>;
  /** Settings of ClickHouse for this query. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Never called: carries the parameter type. */
  readonly parameters?: (parameters: P) => void;
}

export type QueryParameter = string | number | boolean | readonly string[] | readonly number[];
export type QueryParameters = Readonly<Record<string, QueryParameter>>;

/**
 * Settings of a query that somebody waits for and that reads little: without them ClickHouse compiles it when it is asked
 * for the fourth time, which takes that reader a quarter of a second and saves the others nothing.
 */
export const NOT_COMPILED = {
  compile_expressions: 0,
  compile_aggregate_expressions: 0,
  compile_sort_description: 0,
} as const;

/** Returns a query whose parameters are of type P and whose rows satisfy the schema. */
export function defineQuery<P extends QueryParameters>(): <R>(definition: {
  readonly name: string;
  readonly sql: string;
  readonly row: z.ZodType<R>;
  readonly settings?: Readonly<Record<string, string | number>>;
}) => Query<P, R> {
  return (definition) => definition;
}
