import type { Logger } from 'pino';
import { AppError, describeError } from '../../../core/errors.ts';
import { newestSample } from '../../../store/queries/metric-samples.ts';
import type { Store } from '../../../store/store.ts';
import type { CollectorHealth } from '../../../telemetry/collector-health.ts';
import type { Telemetry } from '../../../telemetry/telemetry.ts';
import { metricRow, type TimedSample } from '../metric-row.ts';
import { MAX_QUERY_STEPS, queryRange, type QuerySeries } from '../query-range.ts';
import type { Fetch } from '../scrape-http.ts';
import { SeriesBudget } from '../series-budget.ts';
import { seriesKey } from '../series-key.ts';
import { withTargetLabels } from '../target-labels.ts';
import type { QueryConfig } from './config.ts';

export interface QueryReaderOptions {
  readonly config: QueryConfig;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly health?: CollectorHealth | undefined;
  readonly logger: Logger;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  /** Told the samples once they are stored. */
  readonly onStored: (samples: readonly TimedSample[]) => void;
}

/** Samples on their way into the store, which are sent again as they are until they are there. */
interface Pending {
  readonly samples: readonly TimedSample[];
  readonly token: string;
  readonly toMs: number;
}

/** Value of the label and column `job` of what a query brings. */
const JOB = 'prometheus-query';

/** Reads one expression up to a moment, from where it had come. */
export class QueryReader {
  readonly #options: QueryReaderOptions;
  readonly #budget: SeriesBudget;
  readonly #headers: Readonly<Record<string, string>>;
  #readToMs: number | undefined;
  #pending: Pending | undefined;
  #failing = false;
  #refusing = false;

  constructor(options: QueryReaderOptions) {
    const { bearer, headers, series_limit: seriesLimit } = options.config;
    this.#options = options;
    this.#budget = new SeriesBudget(seriesLimit);
    this.#headers = { ...headers, ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }) };
  }

  /** Stores the values of the moments up to `nowMs` less the delay that are not stored yet. Failures are logged and counted. */
  async read(nowMs: number): Promise<void> {
    const { interval, delay, catch_up: catchUp } = this.#options.config;
    const lastMs = Math.floor((nowMs - delay) / interval) * interval;
    try {
      if (!(await this.#storePending())) return;
      const oldestMs = lastMs - Math.floor(catchUp / interval) * interval;
      this.#readToMs ??= await this.#storedTo(oldestMs, lastMs - interval);
      let fromMs = Math.max(this.#readToMs + interval, oldestMs);
      while (fromMs <= lastMs) {
        const toMs = Math.min(lastMs, fromMs + (MAX_QUERY_STEPS - 1) * interval);
        if (!(await this.#readRange(fromMs, toMs))) return;
        fromMs = toMs + interval;
      }
      this.#recovered();
    } catch (error) {
      if (!(error instanceof AppError && error.retryable)) throw error;
      this.#failed('store', describeError(error));
    }
  }

  /** Where an earlier process had come: nothing is stored twice after a restart, and the gap is filled. */
  async #storedTo(oldestMs: number, otherwiseMs: number): Promise<number> {
    const { store, config } = this.#options;
    const [row] = await store.query(newestSample, { metric: config.name, job: JOB, sinceMs: oldestMs });
    const newestMs = row?.newestMs ?? 0;
    // The interval may have been another one then.
    return newestMs >= oldestMs ? Math.floor(newestMs / config.interval) * config.interval : otherwiseMs;
  }

  async #readRange(fromMs: number, toMs: number): Promise<boolean> {
    const { config, fetch, signal } = this.#options;
    const { url, expr, interval: stepMs, timeout: timeoutMs } = config;
    const answer = await queryRange({
      fetch,
      url,
      expr,
      fromMs,
      toMs,
      stepMs,
      timeoutMs,
      headers: this.#headers,
      signal,
    });
    if (!answer.ok) {
      if (answer.reason !== 'stopped') this.#failed(answer.reason, answer.detail);
      return false;
    }
    const samples = this.#samplesOf(answer.series, toMs);
    this.#pending = { samples, token: `query-${config.name}-${fromMs}-${toMs}`, toMs };
    return this.#storePending();
  }

  async #storePending(): Promise<boolean> {
    if (this.#pending === undefined) return true;
    const { samples, token, toMs } = this.#pending;
    const { store, onStored, telemetry, config } = this.#options;
    await store.insert('metric_samples', samples.map(metricRow), { token });
    this.#pending = undefined;
    this.#readToMs = toMs;
    telemetry
      .counter('plumbline_query_samples_total', 'Samples that queries of a Prometheus brought.', ['query'])
      .inc({ query: config.name }, samples.length);
    onStored(samples);
    return true;
  }

  /** The result's own name gives way to the configured one; NaN is no value. */
  #samplesOf(series: readonly QuerySeries[], nowMs: number): readonly TimedSample[] {
    const { config, telemetry, logger } = this.#options;
    const samples: TimedSample[] = [];
    let refused = 0;
    for (const { labels: found, values } of series) {
      const { __name__: _name, ...own } = found;
      const labels = withTargetLabels(own, { ...config.labels, job: JOB }, false);
      if (!this.#budget.admitKey(seriesKey(config.name, labels), nowMs)) {
        refused += values.length;
        continue;
      }
      for (const { timestampMs, value } of values) {
        if (!Number.isNaN(value)) samples.push({ name: config.name, labels, value, timestampMs });
      }
    }
    if (refused > 0) {
      telemetry
        .counter('plumbline_query_refused_total', 'Samples of queries refused because of their series.', ['query'])
        .inc({ query: config.name }, refused);
      const sentence = 'A query brings more series than its series_limit; the others are refused.';
      if (!this.#refusing) logger.warn({ event: 'query_refused', query: config.name, samples: refused }, sentence);
    }
    this.#refusing = refused > 0;
    return samples;
  }

  #failed(reason: string, detail: string): void {
    const { config, telemetry, logger, health } = this.#options;
    health?.failed(healthName(config), detail);
    telemetry
      .counter('plumbline_query_failures_total', 'Queries of a Prometheus that failed, by reason.', ['query', 'reason'])
      .inc({ query: config.name, reason });
    if (this.#failing) return;
    this.#failing = true;
    const sentence = 'A Prometheus cannot be queried as it should; what is missed is caught up with.';
    logger.warn({ event: 'query_failed', query: config.name, reason, detail }, sentence);
  }

  #recovered(): void {
    this.#options.health?.succeeded(healthName(this.#options.config));
    if (!this.#failing) return;
    this.#failing = false;
    this.#options.logger.info({ event: 'query_recovered', query: this.#options.config.name }, 'A query works again.');
  }
}

/** Returns the name under which the health of a query is told. */
export function healthName(config: QueryConfig): string {
  return `prometheus_query:${config.name}`;
}
