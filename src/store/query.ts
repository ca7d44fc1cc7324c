import type { z } from 'zod';

/**
 * A query is a value: its name (for spans and metrics), its SQL with typed placeholders such as `{model:String}`,
 * and the schemas of its parameters and of one row of its answer.
 */
export interface Query<P extends QueryParameters, R> {
  readonly name: string;
  readonly sql: string;
  readonly row: z.ZodType<R>;
  /** Never called: carries the parameter type. */
  readonly parameters?: (parameters: P) => void;
}

export type QueryParameter = string | number | boolean | readonly string[] | readonly number[];
export type QueryParameters = Readonly<Record<string, QueryParameter>>;

/** Returns a query whose parameters are of type P and whose rows satisfy the schema. */
export function defineQuery<P extends QueryParameters>(): <R>(definition: {
  readonly name: string;
  readonly sql: string;
  readonly row: z.ZodType<R>;
}) => Query<P, R> {
  return (definition) => definition;
}
