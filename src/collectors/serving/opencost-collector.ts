import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Collector } from '../collector.ts';
import type { ModelOf } from '../gpu/model-match.ts';
import { readBody } from '../prometheus/read-body.ts';
import { SampleWriter } from '../prometheus/sample-writer.ts';
import type { Fetch } from '../prometheus/scrape-http.ts';
import { seriesKey } from '../prometheus/series-key.ts';
import { readAllocations } from './allocation-answer.ts';
import type { OpencostConfig } from './config.ts';
import type { ServingRow } from './serving-telemetry.ts';

export interface OpencostCollectorOptions {
  readonly config: OpencostConfig;
  /** The configured join to a model; '' lets the value of the label name it. */
  readonly modelOf: ModelOf;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly health: CollectorHealth;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly fetch: Fetch;
}

const MINUTE_MS = 60_000;
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;
const MODEL_NAME = /^[A-Za-z0-9_.:/-]{1,128}$/;
const MAX_MODELS = 5000;

/**
 * Asks OpenCost or Kubecost what the pods of each model cost and notes it once a minute. The last answer stands for
 * three intervals when no other comes; then the cost is not known.
 */
export class OpencostCollector implements Collector {
  readonly name = 'opencost';
  readonly #options: OpencostCollectorOptions;
  readonly #writer: SampleWriter;
  readonly #stopping = new AbortController();
  #costs: { readonly byName: ReadonlyMap<string, number>; readonly atMs: number } | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(options: OpencostCollectorOptions) {
    this.#options = options;
    this.#writer = new SampleWriter(options);
  }

  async start(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const { health, config } = this.#options;
    health.expect(this.name, 3 * config.interval + config.timeout);
    this.#running ??= this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#writer.close();
  }

  /**
   * Asks when it is time, and stores the costs as of `nowMs`.
   *
   * @throws StoreError when the rows could not be stored
   */
  async runOnce(nowMs: number): Promise<void> {
    const { config } = this.#options;
    if (nowMs - this.#askedMs >= config.interval) {
      this.#askedMs = nowMs;
      const byName = await this.#ask();
      if (byName !== undefined) this.#costs = { byName, atMs: nowMs };
    }
    if (this.#costs === undefined || nowMs - this.#costs.atMs > 3 * config.interval) return;
    this.#writer.add('serving_samples', this.#rows(this.#costs.byName, nowMs));
    await this.#writer.flush();
  }

  async #loop(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.runOnce(clock.now());
      } catch (error) {
        logger.error({ event: 'opencost_failed', error: describeError(error) }, 'Costs could not be stored.');
      }
      await clock.sleep(MINUTE_MS, signal);
    }
  }

  async #ask(): Promise<ReadonlyMap<string, number> | undefined> {
    const { config, health, telemetry, fetch } = this.#options;
    const url = new URL(config.url);
    url.searchParams.set('window', config.window);
    url.searchParams.set('aggregate', `label:${config.label}`);
    const answer = await telemetry.observe('collectors', 'opencost', async () => {
      try {
        const response = await fetch(url, {
          headers: config.bearer === undefined ? {} : { Authorization: `Bearer ${config.bearer}` },
          signal: AbortSignal.any([AbortSignal.timeout(config.timeout), this.#stopping.signal]),
        });
        const text = await readBody(response, MAX_ANSWER_BYTES);
        if (!response.ok) return `HTTP status ${response.status}.`;
        if (text === undefined) return `The answer is larger than ${MAX_ANSWER_BYTES} bytes.`;
        return readAllocations(text) ?? 'The answer is none of the allocation API.';
      } catch (error) {
        return describeError(error);
      }
    });
    if (typeof answer !== 'string') {
      health.succeeded(this.name);
      return answer;
    }
    if (!this.#stopping.signal.aborted) health.failed(this.name, answer);
    return undefined;
  }

  #rows(byName: ReadonlyMap<string, number>, nowMs: number): readonly ServingRow[] {
    const { config, modelOf } = this.#options;
    return [...byName].slice(0, MAX_MODELS).flatMap(([name, value]) => {
      const configured = modelOf({ namespace: '', pod: '', labels: { [config.label]: name } });
      const model = configured === '' ? name : configured;
      if (!MODEL_NAME.test(model)) return [];
      return [
        {
          measure: 'cost_per_hour' as const,
          runtime: 'allocation',
          model,
          version: '',
          part: '',
          outcome: '' as const,
          series: seriesKey('cost_per_hour', { name }),
          le: 0,
          ts: new Date(nowMs).toISOString(),
          value,
        },
      ];
    });
  }
}
