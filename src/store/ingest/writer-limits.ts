/** How much the batch writer takes, gathers and sends at once. */
export interface WriterLimits {
  readonly batchRows: number;
  readonly batchBytes: number;
  /** How long the first unit of a batch waits for company, in milliseconds. */
  readonly lingerMs: number;
  /** The same while a batch is on its way: larger batches cost less a record, and nobody is kept waiting who could be served. */
  readonly busyLingerMs: number;
  /** Bytes waiting or on their way; beyond that units are turned away. */
  readonly pendingBytes: number;
  readonly inFlight: number;
  /** Fewer rows than that wait for a batch that is on its way. */
  readonly parallelRows: number;
  /** How long a sender waits for its unit, in milliseconds; the unit itself is stored however long it takes. */
  readonly answerMs: number;
}

export const DEFAULT_LIMITS: WriterLimits = {
  batchRows: 100_000,
  batchBytes: 96 * 1024 * 1024,
  lingerMs: 20,
  busyLingerMs: 100,
  pendingBytes: 384 * 1024 * 1024,
  inFlight: 2,
  parallelRows: 10_000,
  answerMs: 30_000,
};
