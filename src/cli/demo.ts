import { driftFromStore } from '../analysis/drift/drift-from-store.ts';
import { startService } from '../app.ts';
import { parseConfig } from '../config.ts';
import type { ConfigInput } from '../config/schema.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { DemoService } from '../demo/demo-service.ts';
import { runDemo } from '../demo/run-demo.ts';
import { replaceReference } from '../analysis/minute/reference-store.ts';
import { createLogger } from './logger.ts';
import { untilSignal } from './serve.ts';

/** Runs the demo in this process. Returns 0 when the incident was paged and resolved. */
export async function runDemoCommand(options: {
  readonly once: boolean;
  readonly port: number;
  readonly speed?: number | undefined;
}): Promise<number> {
  const abort = new AbortController();
  void untilSignal().then(() => abort.abort());
  return runDemo({
    once: options.once,
    port: options.port,
    speed: options.speed,
    out: (line) => process.stdout.write(`${line}\n`),
    progress: { isTerminal: process.stderr.isTTY, write: (text) => void process.stderr.write(text) },
    startService: startDemoService,
    wallClock: systemClock,
    random: Math.random,
    stopwatch: () => performance.now(),
    signal: abort.signal,
  });
}

async function startDemoService(input: ConfigInput, clock: Clock): Promise<DemoService> {
  const config = parseConfig(input, 'demo');
  const logger = createLogger(config.telemetry.log_level);
  const service = await startService({
    config,
    role: 'all',
    clock,
    wallClock: systemClock,
    random: Math.random,
    logger,
    background: false,
  });
  const { store, schedule, loop, scraper } = service;
  const models = config.models.map(({ name }) => name);
  return {
    url: service.url,
    store,
    enginePid: service.enginePid,
    setReference: async (model, fromMs, toMs) => {
      await replaceReference({
        store,
        schedule,
        model,
        reference: { kind: 'fixed', fromMs, toMs },
        nowMs: clock.now(),
      });
    },
    evaluateRange: (fromMs, toMs) => loop.evaluateRange({ fromMs, toMs }, models),
    onMinute: async (minuteMs) => {
      await scraper.scrapeOnce(minuteMs + 59_000);
      await loop.runMinute(minuteMs);
    },
    driftByMonth: (model, reference, toMs) =>
      driftFromStore({
        store,
        model,
        reference,
        current: { fromMs: reference.toMs, toMs },
        window: 'month',
        profile: 'textbook',
      }),
    stop: () => service.stop(),
  };
}
