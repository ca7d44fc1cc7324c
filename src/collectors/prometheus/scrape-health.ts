import type { Logger } from 'pino';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { GpuCoverage } from '../gpu/gpu-coverage.ts';
import type { LineError } from './exposition.ts';
import type { RefusalReason } from './scrape-rows.ts';
import type { ScrapeFailure } from './scrape-http.ts';
import type { ScrapeTarget } from './scrape-target.ts';

export interface ScrapeReport {
  readonly target: ScrapeTarget;
  /** Samples stored. */
  readonly stored: number;
  readonly refused: Readonly<Record<RefusalReason, number>>;
  readonly lineErrors: readonly LineError[];
  /** Absent when the target shows no GPU. */
  readonly gpus: GpuCoverage | undefined;
  readonly failure: { readonly reason: ScrapeFailure; readonly detail: string } | undefined;
}

/** Says how the targets do, in metrics at every scrape and in the log when that changes. */
export class ScrapeHealth {
  readonly #telemetry: Telemetry;
  readonly #logger: Logger;
  readonly #down = new Set<string>();
  readonly #refusing = new Set<string>();

  constructor(telemetry: Telemetry, logger: Logger) {
    this.#telemetry = telemetry;
    this.#logger = logger;
  }

  /** Takes a target that is gone out of the metrics. */
  forget({ job, instance }: ScrapeTarget): void {
    this.#down.delete(`${job} ${instance}`);
    this.#refusing.delete(`${job} ${instance}`);
    this.#up().remove({ job, instance });
  }

  report(report: ScrapeReport): void {
    const { target, failure } = report;
    const { job, instance } = target;
    this.#up().set({ job, instance }, failure === undefined ? 1 : 0);
    this.#telemetry
      .counter('plumbline_scrape_samples_total', 'Samples of scrapes taken for storing.', ['job'])
      .inc({ job }, report.stored);
    if (failure !== undefined) {
      this.#telemetry
        .counter('plumbline_scrape_failures_total', 'Scrapes that brought nothing, by reason.', ['job', 'reason'])
        .inc({ job, reason: failure.reason });
    }
    this.#countRefused(job, report.refused);
    this.#showGpus(report);
    this.#logTurn(report);
    if (failure === undefined) this.#logRefusals(report);
  }

  #up() {
    const help = 'Whether the last scrape of a target succeeded (1) or not (0).';
    return this.#telemetry.gauge('plumbline_scrape_up', help, ['job', 'instance']);
  }

  #countRefused(job: string, refused: ScrapeReport['refused']): void {
    for (const [reason, count] of Object.entries(refused)) {
      if (count > 0) {
        this.#telemetry
          .counter('plumbline_scrape_refused_total', 'Lines and samples of scrapes refused, by reason.', [
            'job',
            'reason',
          ])
          .inc({ job, reason }, count);
      }
    }
  }

  #showGpus({ target: { job, instance }, gpus }: ScrapeReport): void {
    if (gpus === undefined) return;
    const gauge = this.#telemetry.gauge(
      'plumbline_scrape_gpus',
      'GPUs and MIG instances of a target: joined to a model (attributed), held by a pod of no known model (unattributed), or free (idle).',
      ['job', 'instance', 'join'],
    );
    for (const [join, count] of Object.entries(gpus)) gauge.set({ job, instance, join }, count);
  }

  #logTurn({ target: { job, instance }, failure }: ScrapeReport): void {
    const key = `${job} ${instance}`;
    if (failure === undefined) {
      if (this.#down.delete(key)) this.#logger.info({ job, instance }, 'Scrape target answers again.');
    } else if (!this.#down.has(key)) {
      this.#down.add(key);
      const { reason, detail } = failure;
      this.#logger.warn({ job, instance, reason, detail }, 'Scrape target does not answer as it should.');
    }
  }

  #logRefusals({ target: { job, instance }, refused, lineErrors }: ScrapeReport): void {
    const key = `${job} ${instance}`;
    const any = Object.values(refused).some((count) => count > 0);
    if (!any) {
      this.#refusing.delete(key);
    } else if (!this.#refusing.has(key)) {
      this.#refusing.add(key);
      const first = lineErrors.slice(0, 5);
      this.#logger.warn({ job, instance, refused, lines: first }, 'Part of what a scrape target says is refused.');
    }
  }
}
