import { performanceWindows } from '../analysis/performance.ts';
import {
  END_MS,
  INCIDENT,
  LIVE_FROM_MS,
  LIVE_TO_MS,
  END_OF_JUNE_MS,
  REFERENCE,
  START_MS,
  TRAINING,
} from './demo-dates.ts';
import type { RunDemoOptions } from './demo-options.ts';
import type { DemoService } from './demo-service.ts';
import { FlightReplay } from './flight-replay.ts';
import { FlightSource } from './flights.ts';
import { IngestClient } from './ingest-client.ts';
import { MODEL_NAME } from './late-flights-model.ts';
import { runLiveStage } from './live-stage.ts';
import type { PagerDutyReceiver, ReceivedPage } from './pagerduty-receiver.ts';
import { PredictionLog } from './prediction-log.ts';
import { peakMemoryBytes } from './process-memory.ts';
import { Progress } from './progress.ts';
import type { ReplayClock } from './replay-clock.ts';
import { type DemoFacts, renderSummary } from './summary.ts';
import { type TrainedModel, trainModel } from './train.ts';

/** A running service and what stands around it. */
export interface Stage extends Omit<RunDemoOptions, 'startService' | 'port'> {
  readonly service: DemoService;
  readonly clock: ReplayClock;
  readonly receiver: PagerDutyReceiver;
  /** Both in seconds since the process started. */
  readonly startSeconds: number;
  readonly firstPageSeconds: number;
}

const BODIES_IN_FLIGHT = 8;

/**
 * Plays the six months: train on January, replay January as the reference and February to June against it, the live
 * hour with its incident, the rest; then prints the summary. An abort ends it between two steps.
 *
 * @returns whether the incident was paged and resolved
 */
export async function playStory(stage: Stage): Promise<boolean> {
  const { service, signal, out } = stage;
  const source = new FlightSource(service.store);
  const flights = await source.load();
  out(
    `${flights.toLocaleString('en-US')} real flights of January to June 2001 are loaded; the model trains on January.`,
  );
  const trained = await trainModel(source, TRAINING);
  out(
    `Trained on ${trained.trainedOn.toLocaleString('en-US')} flights of 1 to 24 January; held-out last week: ` +
      `AUC ${trained.holdOut.auc.toFixed(4)}, log-loss ${trained.holdOut.logLoss.toFixed(4)}. Its scores of 1 to 24 January are in-sample.`,
  );
  const client = new IngestClient({ ...stage, url: service.url, clock: stage.wallClock, inFlight: BODIES_IN_FLIGHT });
  const log = new PredictionLog({ trained, contention: INCIDENT, stopwatch: stage.stopwatch, startMs: START_MS });
  const replay = new FlightReplay({ source, log, client, clock: stage.clock, startMs: START_MS });
  const fast = await replayHistory(stage, replay, client, flights);
  if (!signal.aborted) await playLiveHour(stage, replay, client);
  if (signal.aborted) return false;
  await replay.advance(END_MS);
  await replay.finish();
  await service.evaluateRange(LIVE_TO_MS, END_MS);
  await source.drop();
  for (const line of renderSummary(await collect(stage, trained, fast))) out(line);
  return wasResolved(stage.receiver.pages);
}

interface FastReplay {
  readonly predictions: number;
  readonly labels: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Everything before the live hour, as fast as it goes. The time taken to make the reference does not count as ingest. */
async function replayHistory(
  stage: Stage,
  replay: FlightReplay,
  client: IngestClient,
  flights: number,
): Promise<FastReplay> {
  const { service, stopwatch, progress: target, signal } = stage;
  const progress = new Progress({ target, stopwatch, label: 'Replay' });
  let ingestMs = 0;
  const run = async (toMs: number): Promise<void> => {
    const started = stopwatch();
    await replay.advanceByDay({
      toMs,
      signal,
      onStep: (atMs) => {
        const sent = client.totals.records;
        const rows = sent['/v1/predictions'] + sent['/v1/labels'];
        const perSecond = rows / ((ingestMs + stopwatch() - started) / 1000);
        const day = new Date(atMs - 1).toISOString().slice(0, 10);
        progress.update(
          sent['/v1/predictions'] / flights,
          `${day}  ${millions(rows)} rows, ${Math.round(perSecond).toLocaleString('en-US')} a second`,
        );
      },
    });
    await client.settle();
    ingestMs += stopwatch() - started;
  };
  await run(REFERENCE.toMs);
  if (!signal.aborted) await service.setReference(MODEL_NAME, REFERENCE.fromMs, REFERENCE.toMs);
  await run(LIVE_FROM_MS);
  const { records, bytes } = client.totals;
  const [predictions, labels] = [records['/v1/predictions'], records['/v1/labels']];
  progress.finish(`${millions(predictions + labels)} rows in ${(ingestMs / 1000).toFixed(1)} s`);
  if (!signal.aborted) await service.evaluateRange(START_MS, LIVE_FROM_MS);
  return { predictions, labels, bytes, seconds: ingestMs / 1000 };
}

const DEFAULT_SPEED = 3;
const DEFAULT_SPEED_ONCE = 10;

async function playLiveHour(stage: Stage, replay: FlightReplay, client: IngestClient): Promise<void> {
  const { service, receiver, out, stopwatch } = stage;
  out(
    `Live from ${clockTime(LIVE_FROM_MS)}, minute by minute; simulated GPU contention ${clockTime(INCIDENT.fromMs)} to ${clockTime(INCIDENT.toMs)}.`,
  );
  const progress = new Progress({ target: stage.progress, stopwatch, label: 'Live  ' });
  await runLiveStage({
    ...stage,
    replay,
    client,
    incident: INCIDENT,
    toMs: LIVE_TO_MS,
    speed: stage.speed ?? (stage.once ? DEFAULT_SPEED_ONCE : DEFAULT_SPEED),
    onMinute: (minuteMs) => service.onMinute(minuteMs),
    onStep: (atMs) => progress.update((atMs - LIVE_FROM_MS) / (LIVE_TO_MS - LIVE_FROM_MS), clockTime(atMs)),
  });
  progress.finish(clockTime(replay.at));
  await untilResolved(stage, receiver);
}

const RESOLVE_TIMEOUT_MS = 20_000;

/** Deliveries run beside the minutes; the last one may still be on its way. */
async function untilResolved(stage: Stage, receiver: PagerDutyReceiver): Promise<void> {
  const deadline = stage.stopwatch() + RESOLVE_TIMEOUT_MS;
  while (!wasResolved(receiver.pages) && !stage.signal.aborted && stage.stopwatch() < deadline) {
    await stage.wallClock.sleep(50, stage.signal);
  }
}

/** Something was paged, and whatever was paged was resolved later under the same key. */
function wasResolved(pages: readonly ReceivedPage[]): boolean {
  const open = new Set<string>();
  for (const { action, dedupKey } of pages) {
    if (action === 'trigger') open.add(dedupKey);
    if (action === 'resolve') open.delete(dedupKey);
  }
  return pages.some(({ action }) => action === 'trigger') && open.size === 0;
}

async function collect(stage: Stage, trained: TrainedModel, fast: FastReplay): Promise<DemoFacts> {
  const { service } = stage;
  const drift = await service.driftByMonth(MODEL_NAME, REFERENCE, END_OF_JUNE_MS);
  const quality = await performanceWindows(service.store, {
    model: MODEL_NAME,
    window: 'month',
    fromMs: START_MS,
    toMs: END_OF_JUNE_MS,
  });
  const engine = service.enginePid === undefined ? undefined : peakMemoryBytes(service.enginePid);
  return {
    ...fast,
    replaySeconds: fast.seconds,
    startSeconds: stage.startSeconds,
    firstPageSeconds: stage.firstPageSeconds,
    totalSeconds: stage.stopwatch() / 1000,
    peakBytes: { service: peakMemoryBytes(process.pid), engine },
    holdOut: trained.holdOut,
    threshold: trained.threshold,
    quality,
    drift,
    pages: stage.receiver.pages,
  };
}

function clockTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

function millions(rows: number): string {
  return `${(rows / 1e6).toFixed(2)} million`;
}
