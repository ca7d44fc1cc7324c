import { AppError } from '../core/errors.ts';
import { demoConfig } from './demo-config.ts';
import { INCIDENT, REFERENCE, START_MS, TRAINING } from './demo-dates.ts';
import { prepareFolder } from './demo-folder.ts';
import type { RunDemoOptions } from './demo-options.ts';
import type { DemoService } from './demo-service.ts';
import { MODEL_NAME } from './late-flights-model.ts';
import { describePage, PagerDutyReceiver } from './pagerduty-receiver.ts';
import { ReplayClock } from './replay-clock.ts';
import { SimulatedGpuExporter } from './simulated-gpu-exporter.ts';
import { playStory } from './story.ts';

/**
 * Runs the demo: starts the service, lets six months of real flights happen through its public interface, an incident
 * included, and prints what it found.
 *
 * @returns the exit code: 0, or 1 when the incident was not paged and resolved
 * @throws E_DEMO, E_DEMO_INGEST and what the service throws
 */
export async function runDemo(options: RunDemoOptions): Promise<number> {
  const { once, out, signal } = options;
  const folder = await prepareFolder(once);
  const clock = new ReplayClock(START_MS, options.wallClock);
  const receiver = await PagerDutyReceiver.start({ now: () => clock.now(), onPage: (page) => out(describePage(page)) });
  // What is scraped at the end of a minute belongs to that minute.
  const exporter = await SimulatedGpuExporter.start({ now: () => clock.now() - 1, incident: INCIDENT });
  let service: DemoService | undefined;
  try {
    const config = demoConfig({
      port: options.port,
      dataPath: folder.path,
      reference: REFERENCE,
      trainedAtMs: TRAINING.holdOutMs,
      exporter: exporter.target,
      pagerduty: receiver.url,
    });
    service = await options.startService(config, clock);
    const startSeconds = options.stopwatch() / 1000;
    await openFirstPage(service);
    const firstPageSeconds = options.stopwatch() / 1000;
    out(
      `Pages answer at ${service.url}/ and ${service.url}/models/${MODEL_NAME} (first page after ${firstPageSeconds.toFixed(1)} s).`,
    );
    const paged = await playStory({ ...options, service, clock, receiver, startSeconds, firstPageSeconds });
    if (once || signal.aborted) return paged || signal.aborted ? 0 : 1;
    out(`The pages stay at ${service.url}/models/${MODEL_NAME} until you stop this with Ctrl-C.`);
    await untilAborted(signal);
    return 0;
  } finally {
    await service?.stop();
    await Promise.all([receiver.stop(), exporter.stop(), folder.release()]);
  }
}

const PAGE_TIMEOUT_MS = 30_000;

async function openFirstPage(service: DemoService): Promise<void> {
  const response = await fetch(`${service.url}/`, { signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) });
  await response.text();
  if (!response.ok) throw new AppError('E_DEMO', `The first page answered ${response.status}.`);
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
