/** What brings records or samples in by itself, beside the HTTP routes. */
export interface Collector {
  /** Names it in logs and metrics. */
  readonly name: string;
  /** Begins its work; resolves when it has begun. What cannot be reached yet is tried again, never a failed start. */
  start(): Promise<void>;
  /** Ends it and stores what it holds. Safe to call twice, and while starting. */
  stop(): Promise<void>;
}
