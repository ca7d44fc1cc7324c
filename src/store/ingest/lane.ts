import { type IngestUnit, RECORD_KINDS, type RecordKind } from './unit.ts';
import type { UnitOutcome } from './unit-outcome.ts';

/** A unit that waits to be stored, and who is told what became of it. */
export interface Waiting {
  readonly unit: IngestUnit;
  /** When it was handed in, in milliseconds since 1970. */
  readonly sinceMs: number;
  readonly resolve: (outcome: UnitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** What waits of one kind of records, and how many of its batches are on their way. */
export interface Lane {
  queue: Waiting[];
  rows: number;
  bytes: number;
  inFlight: number;
  timer: NodeJS.Timeout | undefined;
}

/** Returns an empty lane for each kind of records. */
export function createLanes(): ReadonlyMap<RecordKind, Lane> {
  return new Map(RECORD_KINDS.map((kind) => [kind, { queue: [], rows: 0, bytes: 0, inFlight: 0, timer: undefined }]));
}
