import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { GpuTelemetry } from '../gpu/gpu-telemetry.ts';
import type { PrometheusConfig } from './config.ts';
import type { Collector } from '../collector.ts';
import { EXPOSITION_LIMITS, parseExposition } from './exposition.ts';
import { SampleWriter } from './sample-writer.ts';
import { ScrapeHealth } from './scrape-health.ts';
import { askTarget, type Fetch, type ScrapeFailure } from './scrape-http.ts';
import { healthRows, scrapeRows } from './scrape-rows.ts';
import { type ScrapeTarget, targetsOf } from './scrape-target.ts';
import { SeriesBudget } from './series-budget.ts';

export interface ScrapeCollectorOptions {
  readonly config: PrometheusConfig;
  readonly gpu: GpuTelemetry;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: Fetch;
}

export interface ScrapeOutcome {
  readonly job: string;
  readonly instance: string;
  readonly up: boolean;
  /** Samples the target gave that could be read. */
  readonly samples: number;
  /** Lines and samples refused. */
  readonly refused: number;
  readonly gpuRows: number;
  /** Why the target counts as down. */
  readonly failure: ScrapeFailure | undefined;
}

export interface ScrapeCollector extends Collector {
  /** Begins to scrape every target at its interval. A stopped collector stays stopped. */
  start(): Promise<void>;
  /** Ends all scrapes and stores what they brought. Safe to call twice, and while starting. */
  stop(): Promise<void>;
  /**
   * Scrapes every target once, with `nowMs` as the time of its samples, and stores the rows before it returns.
   *
   * @throws StoreError when the rows could not be stored
   */
  scrapeOnce(nowMs: number): Promise<readonly ScrapeOutcome[]>;
}

/** Returns the collector that scrapes Prometheus exporters into metric_samples, and their GPU fields into gpu_samples. */
export function createScrapeCollector(options: ScrapeCollectorOptions): ScrapeCollector {
  return new Scraper(options);
}

interface ScrapedJob {
  readonly budget: SeriesBudget;
  readonly targets: readonly ScrapeTarget[];
}

class Scraper implements ScrapeCollector {
  readonly name = 'prometheus';
  readonly #options: ScrapeCollectorOptions;
  readonly #jobs: readonly ScrapedJob[];
  readonly #writer: SampleWriter;
  readonly #health: ScrapeHealth;
  readonly #stopping = new AbortController();
  #loops: readonly Promise<void>[] | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ScrapeCollectorOptions) {
    this.#options = options;
    this.#writer = new SampleWriter(options);
    this.#health = new ScrapeHealth(options.telemetry, options.logger);
    this.#jobs = options.config.scrape.map((job) => ({
      budget: new SeriesBudget(job.series_limit),
      targets: targetsOf(job),
    }));
  }

  async start(): Promise<void> {
    if (this.#loops !== undefined || this.#stopping.signal.aborted) return;
    this.#loops = this.#jobs.flatMap((job) =>
      job.targets.map((target, index) => {
        // Spread over the interval, so that a thousand targets do not answer at once.
        const offsetMs = (index / job.targets.length) * target.intervalMs;
        return this.#scrapeForever(job, target, offsetMs);
      }),
    );
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async scrapeOnce(nowMs: number): Promise<readonly ScrapeOutcome[]> {
    const outcomes = await Promise.all(
      this.#jobs.flatMap((job) => job.targets.map((target) => this.#scrape(job, target, nowMs))),
    );
    await this.#writer.flush();
    return outcomes;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops ?? []);
    await this.#writer.close();
  }

  async #scrapeForever(job: ScrapedJob, target: ScrapeTarget, offsetMs: number): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stopping;
    let dueMs = clock.now() + offsetMs;
    for (;;) {
      await clock.sleep(Math.max(0, dueMs - clock.now()), signal);
      if (signal.aborted) return;
      try {
        await this.#scrape(job, target, clock.now());
        this.#writer.schedule();
      } catch (error) {
        // A fault of ours must not end the scraping of this target.
        logger.error({ job: target.job, instance: target.instance, error: describeError(error) }, 'Scrape failed.');
      }
      const lateMs = clock.now() - dueMs;
      dueMs += target.intervalMs * (1 + Math.max(0, Math.floor(lateMs / target.intervalMs)));
    }
  }

  async #scrape(job: ScrapedJob, target: ScrapeTarget, tsMs: number): Promise<ScrapeOutcome> {
    const { fetch, telemetry, clock } = this.#options;
    return telemetry.observe('collectors', 'prometheus_scrape', async () => {
      const beganMs = clock.now();
      const answer = await askTarget({ target, fetch, signal: this.#stopping.signal });
      const durationMs = clock.now() - beganMs;
      if (answer.ok) return this.#take({ ...answer, job, target, tsMs, durationMs });
      return this.#miss({ target, tsMs, durationMs, reason: answer.reason, detail: answer.detail });
    });
  }

  #take(options: {
    readonly job: ScrapedJob;
    readonly target: ScrapeTarget;
    readonly tsMs: number;
    readonly durationMs: number;
    readonly text: string;
    readonly contentType: string;
  }): ScrapeOutcome {
    const { job, target, tsMs, durationMs, text, contentType } = options;
    const limits = { ...EXPOSITION_LIMITS, maxLabels: target.labelLimit, maxSamples: target.sampleLimit };
    const exposition = parseExposition(text, contentType, limits);
    const { refusedLines, errors } = exposition;
    if (exposition.samples.length === 0 && refusedLines > 0) {
      const detail = `None of ${refusedLines} lines is a sample; line ${errors[0]?.line} ${errors[0]?.reason}.`;
      return this.#miss({ target, tsMs, durationMs, reason: 'unreadable', detail, refusedLines });
    }
    const { rows, samples, refused } = scrapeRows({ exposition, target, budget: job.budget, tsMs });
    const gpu = this.#options.gpu.read(samples, tsMs);
    this.#writer.add('metric_samples', rows);
    this.#writer.add(
      'metric_samples',
      healthRows({ target, tsMs, up: true, durationMs, samples: exposition.samples.length }),
    );
    this.#writer.add('gpu_samples', gpu.rows);
    const gpus = gpu.rows.length > 0 ? gpu.coverage : undefined;
    this.#health.report({ target, stored: rows.length, refused, lineErrors: errors, gpus, failure: undefined });
    return {
      ...outcomeOf(target),
      up: true,
      samples: exposition.samples.length,
      refused: refused.unreadable_line + refused.timestamp_out_of_range + refused.series_limit,
      gpuRows: gpu.rows.length,
    };
  }

  #miss(options: {
    readonly target: ScrapeTarget;
    readonly tsMs: number;
    readonly durationMs: number;
    readonly reason: ScrapeFailure;
    readonly detail: string;
    readonly refusedLines?: number;
  }): ScrapeOutcome {
    const { target, tsMs, durationMs, reason, detail, refusedLines = 0 } = options;
    const outcome = { ...outcomeOf(target), refused: refusedLines, failure: reason };
    // Ending is no failure of the target.
    if (reason === 'stopped') return outcome;
    this.#writer.add('metric_samples', healthRows({ target, tsMs, up: false, durationMs, samples: 0 }));
    const refused = { unreadable_line: refusedLines, timestamp_out_of_range: 0, series_limit: 0 };
    const failure = { reason, detail };
    this.#health.report({ target, stored: 0, refused, lineErrors: [], gpus: undefined, failure });
    return outcome;
  }
}

function outcomeOf(target: ScrapeTarget): ScrapeOutcome {
  const { job, instance } = target;
  return { job, instance, up: false, samples: 0, refused: 0, gpuRows: 0, failure: undefined };
}
