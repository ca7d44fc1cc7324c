/** The inputs or outputs of one call: per row, values by name. A value without a name has the name ''. */
export interface PayloadTable {
  readonly rows: readonly ReadonlyMap<string, unknown>[];
  /** Names of the columns that a vector of class probabilities would have, where the body gives them. */
  readonly classes?: readonly string[];
  readonly modelName?: string;
  readonly modelVersion?: string;
  readonly requestId?: string;
}

export interface UnreadableTable {
  readonly reason: string;
}
