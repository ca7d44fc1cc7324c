export type Labels = Readonly<Record<string, string>>;

/** One sample of one series as an exporter gave it. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Labels;
  /** May be NaN (a stale marker or "no value") or infinite. */
  readonly value: number;
  /** Milliseconds since 1970-01-01 UTC; absent when the exporter leaves the time to the scraper. */
  readonly timestampMs?: number;
}
