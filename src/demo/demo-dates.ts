import type { IncidentSpan } from './simulated-incident.ts';
import type { TrainingSpan } from './train.ts';

const MINUTE_MS = 60_000;

/** The first moment of the flights, and of the reference. */
export const START_MS = Date.UTC(2001, 0, 1);

/** January: what the model learns from and what later months are compared with. */
export const REFERENCE = { fromMs: START_MS, toMs: Date.UTC(2001, 1, 1) } as const;

/** The model learns from 1 to 24 January and is measured on 25 to 31 January. */
export const TRAINING: TrainingSpan = { ...REFERENCE, holdOutMs: Date.UTC(2001, 0, 25) };

/** The hour that is replayed minute by minute: the evening peak of the last day. */
export const LIVE_FROM_MS = Date.UTC(2001, 5, 30, 17);
export const LIVE_TO_MS = LIVE_FROM_MS + 60 * MINUTE_MS;

/** Twelve minutes of simulated trouble within the live hour. */
export const INCIDENT: IncidentSpan = { fromMs: LIVE_FROM_MS + 10 * MINUTE_MS, toMs: LIVE_FROM_MS + 22 * MINUTE_MS };

/** Behind the last flight of the file, which leaves at midnight. */
export const END_MS = Date.UTC(2001, 6, 1, 0, 1);

/** Six flights of the file leave at midnight of 1 July; months end before them. */
export const END_OF_JUNE_MS = Date.UTC(2001, 6, 1);
