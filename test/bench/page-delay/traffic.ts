import type { Clock } from '../../../src/core/clock.ts';
import { AppError } from '../../../src/core/errors.ts';
import { NDJSON, predictionLine, request } from '../../support/client.ts';

/** Predictions that take longer than this are slow. */
export const SLOW_ABOVE_SECONDS = 0.2;

/** Time of the first slow record of each model, epoch ms. */
export type Crossings = ReadonlyMap<string, number>;

export interface Traffic {
  readonly crossings: Crossings;
  stop(): Promise<void>;
}

const MINUTE_MS = 60_000;
const HEALTHY_MINUTES = 1;
const RECORDS_PER_SECOND = 3;

/**
 * Sends predictions of every model each second until told to stop: quick ones for a whole minute, then slow ones
 * from the model's own second of the minute on. Resolves when all are slow.
 */
export async function driveTraffic(options: {
  readonly url: string;
  /** Second of the minute at which each model becomes slow. */
  readonly models: ReadonlyMap<string, number>;
  readonly clock: Clock;
}): Promise<Traffic> {
  const { url, models, clock } = options;
  const stopping = new AbortController();
  const slowMinuteMs = (Math.ceil(clock.now() / MINUTE_MS) + HEALTHY_MINUTES) * MINUTE_MS;
  const crossings = new Map<string, number>();
  const answers = new Set<Promise<void>>();
  const sendSecond = async (): Promise<void> => {
    const nowMs = clock.now();
    const lines = [...models].flatMap(([model, second]) => {
      const isSlow = nowMs >= slowMinuteMs + second * 1000;
      if (isSlow && !crossings.has(model)) crossings.set(model, nowMs);
      const record = { model, ts: nowMs, latency_ms: isSlow ? 460 : 20 };
      return Array.from({ length: RECORDS_PER_SECOND }, (_, index) => predictionLine(`${nowMs}-${index}`, record));
    });
    // A slow answer does not hold up the next second: the rate of requests is part of the rules.
    const answer = post(url, lines).finally(() => answers.delete(answer));
    answers.add(answer);
    await clock.sleep(1000 - (clock.now() % 1000), stopping.signal);
  };
  while (crossings.size < models.size) await sendSecond();
  const goOn = async (): Promise<void> => {
    while (!stopping.signal.aborted) await sendSecond();
  };
  const running = goOn();
  return {
    crossings,
    stop: async () => {
      stopping.abort();
      await running;
      await Promise.all(answers);
    },
  };
}

async function post(url: string, lines: readonly string[]): Promise<void> {
  const answer = await request(`${url}/v1/predictions`, { body: lines.join('\n'), headers: NDJSON });
  if (answer.status === 200 && answer.receipt().rejected === 0) return;
  throw new AppError('E_BENCH', `The service answered ${answer.status}: ${answer.text.slice(0, 500)}`);
}
