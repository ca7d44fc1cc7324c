import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../../core/clock.ts';
import { describeError } from '../../../core/errors.ts';
import { retry } from '../../../core/retry.ts';
import { OverloadedError, StoreSlowError } from '../../../store/ingest/writer-errors.ts';
import type { Store } from '../../../store/store.ts';
import type { CollectorHealth } from '../../../telemetry/collector-health.ts';
import type { Telemetry } from '../../../telemetry/telemetry.ts';
import type { Collector } from '../../collector.ts';
import type { GpuTelemetry } from '../../gpu/gpu-telemetry.ts';
import type { ServingTelemetry } from '../../serving/serving-telemetry.ts';
import { DerivedSamples } from '../derived-samples.ts';
import { SeriesBudget } from '../series-budget.ts';
import type { RemoteWriteConfig } from './config.ts';
import { decodeRequest, REQUEST_LIMITS, type RemoteWriteVersion } from './decode-request.ts';
import { RecentSamples } from './recent-samples.ts';
import { uncompressSnappy } from './uncompress-snappy.ts';
import { WriteHealth } from './write-health.ts';
import { WRITE_REFUSALS, type WrittenRows, writtenRows } from './written-rows.ts';

export interface RemoteWriteOptions {
  readonly config: RemoteWriteConfig;
  readonly gpu: GpuTelemetry;
  readonly serving?: ServingTelemetry | undefined;
  readonly store: Store;
  readonly telemetry: Telemetry;
  /** Told whether what was sent last could be stored. */
  readonly health?: CollectorHealth | undefined;
  readonly logger: Logger;
  /** The date that samples go by. */
  readonly clock: Clock;
  /** The machine's clock. */
  readonly wallClock: Clock;
  readonly random: () => number;
}

export type WriteOutcome =
  | {
      readonly kind: 'taken';
      /** Samples that are in the store now; repeated ones and markers of an end count. */
      readonly written: number;
      /** What was refused for good, a clause each; empty when nothing was. */
      readonly refusals: readonly string[];
    }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'too_large'; readonly reason: string };

export interface RemoteWriteReceiver extends Collector {
  /**
   * Stores the samples of one request, compressed as it came, before it returns. The same request again stores nothing.
   *
   * @throws OverloadedError, StoreSlowError or StoreError, all retryable, when the store does not take them now
   */
  take(body: Uint8Array, version: RemoteWriteVersion): Promise<WriteOutcome>;
}

/** Returns the receiver of Prometheus remote write: samples into metric_samples, their GPU fields into gpu_samples. */
export function createRemoteWriteReceiver(options: RemoteWriteOptions): RemoteWriteReceiver {
  return new Receiver(options);
}

const RECENT_SAMPLES = 250_000;
const MAX_PENDING_ROWS = 500_000;
/** Inserts at the same time; more would only make smaller parts wait for each other. */
const LANES = 4;
const RETRY = { attempts: 8, baseMs: 200, capMs: 3000 };

class Receiver implements RemoteWriteReceiver {
  readonly name = 'remote_write';
  readonly #options: RemoteWriteOptions;
  readonly #budget: SeriesBudget;
  readonly #recent = new RecentSamples(RECENT_SAMPLES);
  readonly #derived: DerivedSamples;
  readonly #health: WriteHealth;
  readonly #inHand = new Map<string, Promise<void>>();
  readonly #lanes: Promise<void>[] = Array.from({ length: LANES }, () => Promise.resolve());
  readonly #stopping = new AbortController();
  #turn = 0;
  #pendingRows = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: RemoteWriteOptions) {
    const { config, telemetry, logger, wallClock } = options;
    this.#options = options;
    this.#budget = new SeriesBudget(config.series_limit);
    this.#derived = new DerivedSamples(options);
    this.#health = new WriteHealth({ telemetry, logger, clock: wallClock });
  }

  /** Does nothing: requests come through `take`, with or without background work. */
  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  async take(body: Uint8Array, version: RemoteWriteVersion): Promise<WriteOutcome> {
    const { config, telemetry } = this.#options;
    return telemetry.observe('collectors', 'remote_write', async () => {
      const uncompressed = uncompressSnappy(body, config.max_raw_bytes);
      const limits = { ...REQUEST_LIMITS, maxLabels: config.label_limit + 1 };
      const decoded = uncompressed.ok ? decodeRequest(uncompressed.raw, version, limits) : uncompressed;
      if (!decoded.ok) {
        const kind = decoded.tooLarge ? 'too_large' : 'unreadable';
        this.#health.refuseRequest(version, kind, decoded.reason);
        return { kind, reason: decoded.reason };
      }
      const written = writtenRows(decoded.request, {
        budget: this.#budget,
        recent: this.#recent,
        labelLimit: config.label_limit,
        maxAgeMs: config.max_age,
        nowMs: this.#options.clock.now(),
      });
      await this.#store(createHash('sha256').update(body).digest('hex'), written);
      this.#health.report(version, written);
      this.#options.health?.succeeded(this.name);
      return {
        kind: 'taken',
        written: written.rows.length + written.duplicates + written.valueless,
        refusals: [...written.refused].map(([reason, count]) => `${count} ${WRITE_REFUSALS[reason]}`),
      };
    });
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#inHand.values());
    await this.#derived.stop();
  }

  /** A repeated request joins the one in hand; the sender waits no longer than it may, the rows go on. */
  async #store(digest: string, written: WrittenRows): Promise<void> {
    if (written.rows.length === 0) return;
    const known = this.#inHand.get(digest);
    if (known === undefined && this.#pendingRows + written.rows.length > MAX_PENDING_ROWS && this.#pendingRows > 0) {
      this.#health.turnAway();
      throw new OverloadedError();
    }
    const carrying = known ?? this.#carry(digest, written);
    const waiting = new AbortController();
    const late = this.#options.wallClock.sleep(this.#options.config.answer_timeout, waiting.signal).then(() => 'late');
    try {
      if ((await Promise.race([carrying, late])) === 'late') {
        this.#health.turnAway();
        throw new StoreSlowError();
      }
    } finally {
      waiting.abort();
    }
  }

  #carry(digest: string, written: WrittenRows): Promise<void> {
    const rows = written.rows.length;
    this.#pendingRows += rows;
    this.#turn = (this.#turn + 1) % LANES;
    const before = this.#lanes[this.#turn] ?? Promise.resolve();
    const carrying = before
      .then(() => this.#insert(digest, written))
      .finally(() => {
        this.#pendingRows -= rows;
        this.#inHand.delete(digest);
      });
    this.#inHand.set(digest, carrying);
    // The next in the lane goes on whatever becomes of this one, whose sender gets the fault.
    this.#lanes[this.#turn] = carrying.catch((error: unknown) =>
      this.#options.health?.failed(this.name, describeError(error)),
    );
    return carrying;
  }

  async #insert(digest: string, written: WrittenRows): Promise<void> {
    const { store, wallClock, random, logger } = this.#options;
    await retry({
      action: () => store.insert('metric_samples', written.rows, { token: `remote-write-${digest}` }),
      policy: RETRY,
      clock: wallClock,
      random,
      signal: this.#stopping.signal,
      onRetry: (error, attempt) =>
        logger.warn(
          { event: 'remote_write_retry', attempt, error: describeError(error) },
          'The store did not take remotely written samples; it is tried again.',
        ),
    });
    this.#recent.add(written.keys);
    this.#derived.add(written.samples);
  }
}
