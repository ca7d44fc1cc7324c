import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { ScrapeJob } from './config.ts';
import { type DiscoverySource, JobTargets } from './job-targets.ts';
import { createRelabel, type Relabel } from './relabel/relabel.ts';
import type { Fetch } from './scrape-http.ts';
import type { ScrapeTarget } from './scrape-target.ts';
import { SeriesBudget } from './series-budget.ts';
import type { ScrapeOutcome, TargetScraper } from './target-scraper.ts';

/** A target under scrape. */
interface Running {
  readonly target: ScrapeTarget;
  readonly ending: AbortController;
  /** Series of the last scrape. */
  series: ReadonlySet<number>;
}

export interface ScrapeJobOptions {
  readonly job: ScrapeJob;
  readonly scraper: TargetScraper;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  /** Told after each scrape of a loop. */
  readonly onScraped: () => void;
  /** Told when a target is gone. */
  readonly onGone: (target: ScrapeTarget) => void;
}

/** Scrapes the targets of one job, each at its interval; targets come and go as discoveries find them. */
export class ScrapeJobRunner {
  readonly #options: ScrapeJobOptions;
  readonly #targets: JobTargets;
  readonly #budget: SeriesBudget;
  readonly #relabel: Relabel | undefined;
  readonly #running = new Map<string, Running>();
  readonly #loops = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: ScrapeJobOptions) {
    const { job } = options;
    this.#options = options;
    this.#targets = new JobTargets(options);
    this.#budget = new SeriesBudget(job.series_limit);
    this.#relabel = job.metric_relabel_configs.length === 0 ? undefined : createRelabel(job.metric_relabel_configs);
  }

  /** Begins to scrape the targets that are known and to look for others. */
  start(): void {
    this.#apply();
    for (const source of this.#targets.sources) this.#keep(this.#discoverForever(source));
  }

  /** Ends all scrapes and discoveries. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { ending } of this.#running.values()) ending.abort();
    await Promise.all(this.#loops);
  }

  /** Scrapes the targets known now once. */
  async scrapeOnce(tsMs: number): Promise<readonly ScrapeOutcome[]> {
    const targets = [...this.#targets.current()];
    return Promise.all(
      targets.map(([key, target]) =>
        this.#scrape(this.#running.get(key) ?? { target, ending: this.#stopping, series: new Set() }, tsMs),
      ),
    );
  }

  #keep(loop: Promise<void>): void {
    this.#loops.add(loop);
    void loop.finally(() => this.#loops.delete(loop));
  }

  async #discoverForever(source: DiscoverySource): Promise<void> {
    const { clock, logger, job } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const discovered = await source.discovery.refresh(signal);
        if (signal.aborted) return;
        if (this.#targets.update(source, discovered)) this.#apply();
      } catch (error) {
        // A fault of ours must not end the discovery.
        logger.error({ event: 'discovery_fault', job: job.job, error: describeError(error) }, 'Discovery failed.');
      }
      await clock.sleep(source.discovery.intervalMs, signal);
    }
  }

  /** Ends the loops of targets that are gone and begins those of new ones. */
  #apply(): void {
    const wanted = this.#targets.current();
    for (const [key, running] of this.#running) {
      if (wanted.has(key)) continue;
      this.#running.delete(key);
      running.ending.abort();
      for (const series of running.series) this.#budget.release(series);
      this.#options.onGone(running.target);
    }
    const added = [...wanted].filter(([key]) => !this.#running.has(key));
    for (const [index, [key, target]] of added.entries()) {
      const running: Running = { target, ending: new AbortController(), series: new Set() };
      this.#running.set(key, running);
      // Spread over the interval, so that a thousand targets do not answer at once.
      this.#keep(this.#scrapeForever(running, (index / added.length) * target.intervalMs));
    }
  }

  async #scrapeForever(running: Running, offsetMs: number): Promise<void> {
    const { clock, logger, onScraped } = this.#options;
    const { target } = running;
    const { signal } = running.ending;
    let dueMs = clock.now() + offsetMs;
    for (;;) {
      await clock.sleep(Math.max(0, dueMs - clock.now()), signal);
      if (signal.aborted) return;
      try {
        await this.#scrape(running, clock.now());
        onScraped();
      } catch (error) {
        // A fault of ours must not end the scraping of this target.
        logger.error({ job: target.job, instance: target.instance, error: describeError(error) }, 'Scrape failed.');
      }
      const lateMs = clock.now() - dueMs;
      dueMs += target.intervalMs * (1 + Math.max(0, Math.floor(lateMs / target.intervalMs)));
    }
  }

  #scrape(running: Running, tsMs: number): Promise<ScrapeOutcome> {
    return this.#options.scraper.scrape({
      target: running.target,
      budget: this.#budget,
      relabel: this.#relabel,
      tsMs,
      signal: running.ending.signal,
      onSeries: (keys) => {
        running.series = keys;
      },
    });
  }
}
