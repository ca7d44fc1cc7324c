import type { Clock } from '../core/clock.ts';
import type { FlightReplay } from './flight-replay.ts';
import type { IngestClient } from './ingest-client.ts';
import { MODEL_NAME } from './late-flights-model.ts';
import { bookingsUsd, type IncidentSpan, SIMULATED_METRIC, SIMULATED_NODE } from './simulated-incident.ts';

const MINUTE_MS = 60_000;

/** Runs the replay minute by minute, as a live service would see it, with everything around the predictions. */
export async function runLiveStage(options: {
  readonly replay: FlightReplay;
  readonly client: IngestClient;
  readonly incident: IncidentSpan;
  readonly toMs: number;
  /** Replayed minutes for each second of the wall clock. */
  readonly speed: number;
  readonly wallClock: Clock;
  /** Evaluates the minute that begins at `minuteMs`, once its records are stored. */
  readonly onMinute: (minuteMs: number) => Promise<void>;
  readonly onStep: (atMs: number) => void;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { replay, client, incident, toMs, speed, wallClock, signal } = options;
  const startMs = replay.at;
  const startedMs = wallClock.now();
  while (replay.at < toMs && !signal.aborted) {
    const minuteMs = replay.at;
    await replay.advance(minuteMs + MINUTE_MS);
    await sendSurroundings(client, incident, minuteMs);
    await client.settle();
    await options.onMinute(minuteMs);
    options.onStep(replay.at);
    const dueMs = startedMs + ((replay.at - startMs) / MINUTE_MS / speed) * 1000;
    await wallClock.sleep(Math.max(0, dueMs - wallClock.now()), signal);
  }
}

/** Business numbers and change events do not exist in the flights: simulated, and named so. */
async function sendSurroundings(client: IngestClient, incident: IncidentSpan, minuteMs: number): Promise<void> {
  const labels = { source: 'simulated' };
  const business = {
    ts: minuteMs,
    metric: SIMULATED_METRIC,
    value: bookingsUsd(minuteMs, incident),
    model: MODEL_NAME,
    labels,
  };
  await client.send('/v1/business', Buffer.from(`${JSON.stringify(business)}\n`), `demo-business-${minuteMs}`);
  if (minuteMs !== incident.fromMs) return;
  const event = {
    ts: minuteMs,
    kind: 'node',
    title: `Simulated: a batch job starts on ${SIMULATED_NODE}`,
    model: MODEL_NAME,
    labels,
  };
  await client.send('/v1/events', Buffer.from(`${JSON.stringify(event)}\n`), `demo-events-${minuteMs}`);
}
