/** One sample of a remote write request. */
export interface WrittenSample {
  readonly value: number;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly timestampMs: number;
  /** True for the marker that says: the series has ended. */
  readonly stale: boolean;
}

/** One series of a remote write request, of either version, as it was sent. */
export interface WrittenSeries {
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly samples: readonly WrittenSample[];
  /** Labels beyond the limit were not read. */
  readonly tooManyLabels: boolean;
  /** A label points beyond the symbols (version 2). */
  readonly badReference: boolean;
  /** Native histograms, which are not read. */
  readonly histograms: number;
  /** Exemplars, which are not read. */
  readonly exemplars: number;
}

export interface WrittenRequest {
  readonly series: readonly WrittenSeries[];
  /** Entries of metadata, which are not read. */
  readonly metadata: number;
}
