/** One golden case as an adapter sees it: the parameters and the two sides, not yet decoded. */
export type VectorInput = {
  readonly params: Readonly<Record<string, unknown>>;
  readonly reference: unknown;
  readonly current: unknown;
};

/** Calls the product's statistic on a decoded case and names the results as the golden file does. */
export type VectorAdapter = (input: VectorInput) => Readonly<Record<string, unknown>>;

/** Adapters by statistic name. */
export type VectorRegistry = Readonly<Record<string, VectorAdapter>>;
