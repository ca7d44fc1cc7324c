import type { Clock } from '../../core/clock.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { GpuTelemetry } from '../gpu/gpu-telemetry.ts';
import type { ServingTelemetry } from '../serving/serving-telemetry.ts';
import { EXPOSITION_LIMITS, parseExposition } from './exposition.ts';
import type { Relabel } from './relabel/relabel.ts';
import type { SampleWriter } from './sample-writer.ts';
import type { ScrapeHealth } from './scrape-health.ts';
import { askTarget, type Fetch, type ScrapeFailure } from './scrape-http.ts';
import { healthRows, scrapeRows } from './scrape-rows.ts';
import type { ScrapeTarget } from './scrape-target.ts';
import type { SeriesBudget } from './series-budget.ts';
import { takeSamples } from './take-samples.ts';

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

/** One scrape to be done. */
export interface Scrape {
  readonly target: ScrapeTarget;
  readonly budget: SeriesBudget;
  /** Metric relabelling, if there is any. */
  readonly relabel: Relabel | undefined;
  /** Time of the samples that bring none. */
  readonly tsMs: number;
  readonly signal: AbortSignal;
  /** Told the keys of the series that were stored. */
  readonly onSeries: (keys: ReadonlySet<number>) => void;
}

/** Scrapes a target once: asks it, reads the answer and hands the rows to the writer. */
export class TargetScraper {
  readonly #fetch: Fetch;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #gpu: GpuTelemetry;
  readonly #serving: ServingTelemetry | undefined;
  readonly #writer: SampleWriter;
  readonly #health: ScrapeHealth;

  constructor(options: {
    readonly fetch: Fetch;
    readonly clock: Clock;
    readonly telemetry: Telemetry;
    readonly gpu: GpuTelemetry;
    readonly serving?: ServingTelemetry | undefined;
    readonly writer: SampleWriter;
    readonly health: ScrapeHealth;
  }) {
    this.#fetch = options.fetch;
    this.#clock = options.clock;
    this.#telemetry = options.telemetry;
    this.#gpu = options.gpu;
    this.#serving = options.serving;
    this.#writer = options.writer;
    this.#health = options.health;
  }

  async scrape(scrape: Scrape): Promise<ScrapeOutcome> {
    const { target, signal } = scrape;
    return this.#telemetry.observe('collectors', 'prometheus_scrape', async () => {
      const beganMs = this.#clock.now();
      const answer = await askTarget({ target, fetch: this.#fetch, signal });
      const durationMs = this.#clock.now() - beganMs;
      if (answer.ok) return this.#take({ ...scrape, ...answer, durationMs });
      return this.#miss({ ...scrape, durationMs, reason: answer.reason, detail: answer.detail });
    });
  }

  #take(
    options: Scrape & { readonly durationMs: number; readonly text: string; readonly contentType: string },
  ): ScrapeOutcome {
    const { target, tsMs, durationMs, text, contentType } = options;
    const limits = { ...EXPOSITION_LIMITS, maxLabels: target.labelLimit, maxSamples: target.sampleLimit };
    const exposition = parseExposition(text, contentType, limits);
    const { refusedLines, errors } = exposition;
    if (exposition.samples.length === 0 && refusedLines > 0) {
      const detail = `None of ${refusedLines} lines is a sample; line ${errors[0]?.line} ${errors[0]?.reason}.`;
      return this.#miss({ ...options, reason: 'unreadable', detail, refusedLines });
    }
    const { rows, samples, refused, series, kept, addedSeries } = scrapeRows({ ...options, exposition });
    options.onSeries(series);
    const gpu = takeSamples({
      rows,
      samples,
      tsMs,
      gpu: this.#gpu,
      serving: this.#serving,
      writer: this.#writer,
    });
    const scraped = exposition.samples.length;
    this.#writer.add('metric_samples', healthRows({ target, tsMs, up: true, durationMs, scraped, kept, addedSeries }));
    const gpus = gpu.rows.length > 0 ? gpu.coverage : undefined;
    this.#health.report({ target, stored: rows.length, refused, lineErrors: errors, gpus, failure: undefined });
    return {
      ...outcomeOf(target),
      up: true,
      samples: scraped,
      refused: refused.unreadable_line + refused.timestamp_out_of_range + refused.series_limit,
      gpuRows: gpu.rows.length,
    };
  }

  #miss(
    options: Scrape & {
      readonly durationMs: number;
      readonly reason: ScrapeFailure;
      readonly detail: string;
      readonly refusedLines?: number;
    },
  ): ScrapeOutcome {
    const { target, tsMs, durationMs, reason, detail, refusedLines = 0 } = options;
    const outcome = { ...outcomeOf(target), refused: refusedLines, failure: reason };
    // Ending is no failure of the target.
    if (reason === 'stopped') return outcome;
    const none = { scraped: 0, kept: 0, addedSeries: 0 };
    this.#writer.add('metric_samples', healthRows({ target, tsMs, up: false, durationMs, ...none }));
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
