/** Why a statistic has or lacks its numbers; see each statistic for which of them it can return. */
export type Status = 'ok' | 'insufficient_data' | 'degenerate' | 'low_expected' | 'overflow';

/** The numbers of a statistic, all null when there is not enough data: expected, so a value and not a fault. */
export type Outcome<Numbers, Good extends Status = 'ok'> =
  | (Readonly<Numbers> & { readonly status: Good })
  | (Nulls<Numbers> & { readonly status: 'insufficient_data' });

/** The same keys, every value null. */
export type Nulls<Numbers> = { readonly [Key in keyof Numbers]: null };
