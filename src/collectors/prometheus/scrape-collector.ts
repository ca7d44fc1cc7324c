import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../store/store.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { GpuTelemetry } from '../gpu/gpu-telemetry.ts';
import type { Collector } from '../collector.ts';
import type { ServingTelemetry } from '../serving/serving-telemetry.ts';
import type { PrometheusConfig } from './config.ts';
import { SampleWriter } from './sample-writer.ts';
import { ScrapeHealth } from './scrape-health.ts';
import type { Fetch } from './scrape-http.ts';
import { ScrapeJobRunner } from './scrape-job.ts';
import { type ScrapeOutcome, TargetScraper } from './target-scraper.ts';

export interface ScrapeCollectorOptions {
  readonly config: PrometheusConfig;
  readonly gpu: GpuTelemetry;
  readonly serving?: ServingTelemetry | undefined;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly health?: CollectorHealth;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: Fetch;
}

export interface ScrapeCollector extends Collector {
  /** Begins to scrape every target at its interval. A stopped collector stays stopped. */
  start(): Promise<void>;
  /** Ends all scrapes and stores what they brought. Safe to call twice, and while starting. */
  stop(): Promise<void>;
  /**
   * Scrapes every target known now once (before `start` those of the configuration itself), with `nowMs` as the time
   * of its samples, and stores the rows before it returns.
   *
   * @throws StoreError when the rows could not be stored
   */
  scrapeOnce(nowMs: number): Promise<readonly ScrapeOutcome[]>;
}

/** Returns the collector that scrapes Prometheus exporters into metric_samples, and their GPU fields into gpu_samples. */
export function createScrapeCollector(options: ScrapeCollectorOptions): ScrapeCollector {
  return new Scraper(options);
}

class Scraper implements ScrapeCollector {
  readonly name = 'prometheus';
  readonly #jobs: readonly ScrapeJobRunner[];
  readonly #writer: SampleWriter;
  readonly #stopping = new AbortController();
  readonly #expectSuccess: () => void;
  #started = false;
  #stopped: Promise<void> | undefined;

  constructor(options: ScrapeCollectorOptions) {
    const writer = new SampleWriter({ ...options, scrapeHealth: options.health });
    this.#expectSuccess = () => expectSuccess(options);
    const health = new ScrapeHealth(options.telemetry, options.logger);
    const scraper = new TargetScraper({ ...options, writer, health });
    this.#writer = writer;
    this.#jobs = options.config.scrape.map(
      (job) =>
        new ScrapeJobRunner({
          ...options,
          job,
          scraper,
          onScraped: () => writer.schedule(),
          onGone: (target) => health.forget(target),
        }),
    );
  }

  async start(): Promise<void> {
    if (this.#started || this.#stopping.signal.aborted) return;
    this.#started = true;
    this.#expectSuccess();
    for (const job of this.#jobs) job.start();
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async scrapeOnce(nowMs: number): Promise<readonly ScrapeOutcome[]> {
    const outcomes = await Promise.all(this.#jobs.map((job) => job.scrapeOnce(nowMs)));
    await this.#writer.flush();
    return outcomes.flat();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#jobs.map((job) => job.stop()));
    await this.#writer.close();
  }
}

/** Targets that are written down are scraped however they do; targets that are looked for may be none. */
function expectSuccess({ config, health }: ScrapeCollectorOptions): void {
  const intervals = config.scrape.filter((job) => job.targets.length > 0).map((job) => job.interval);
  if (intervals.length > 0) health?.expect('prometheus', 3 * Math.max(...intervals) + 30_000);
}
