import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { retry } from '../core/retry.ts';

export type RecordPath = '/v1/predictions' | '/v1/labels' | '/v1/business' | '/v1/events';

export interface SentTotals {
  readonly records: Readonly<Record<RecordPath, number>>;
  readonly bytes: number;
}

const answerSchema = z.object({
  accepted: z.number(),
  rejected: z.number(),
  errors: z.array(z.object({ line: z.number(), field: z.string(), reason: z.string() })),
});

const POLICY = { attempts: 20, baseMs: 200, capMs: 5000 } as const;
const TIMEOUT_MS = 120_000;

/** Sends NDJSON to a running service as any client would: over HTTP, some bodies at a time, each under its own idempotency key. */
export class IngestClient {
  readonly #url: string;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #inFlight: number;
  readonly #pending = new Set<Promise<void>>();
  readonly #records = { '/v1/predictions': 0, '/v1/labels': 0, '/v1/business': 0, '/v1/events': 0 };
  #bytes = 0;
  #fault: unknown;

  constructor(options: {
    readonly url: string;
    readonly clock: Clock;
    readonly random: () => number;
    /** Bodies on their way at the same time. */
    readonly inFlight: number;
  }) {
    this.#url = options.url;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#inFlight = options.inFlight;
  }

  /** What the service has acknowledged so far. */
  get totals(): SentTotals {
    return { records: { ...this.#records }, bytes: this.#bytes };
  }

  /**
   * Puts a body on its way; resolves as soon as there is room for the next one.
   *
   * @throws E_DEMO_INGEST when this or an earlier body was not taken whole
   */
  async send(path: RecordPath, body: Buffer, key: string): Promise<void> {
    this.#check();
    if (body.length === 0) return;
    const sending: Promise<void> = this.#deliver(path, body, key)
      .catch((error: unknown) => {
        this.#fault ??= error;
      })
      .finally(() => this.#pending.delete(sending));
    this.#pending.add(sending);
    while (this.#pending.size >= this.#inFlight) await Promise.race(this.#pending);
    this.#check();
  }

  /** Resolves when everything sent so far is stored. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.#check();
  }

  async #deliver(path: RecordPath, body: Buffer, key: string): Promise<void> {
    const accepted = await retry({
      action: () => this.#post(path, body, key),
      policy: POLICY,
      clock: this.#clock,
      random: this.#random,
    });
    this.#records[path] += accepted;
    this.#bytes += body.length;
  }

  async #post(path: RecordPath, body: Buffer, key: string): Promise<number> {
    const response = await this.#fetch(path, body, key);
    const text = await response.text();
    if (response.status !== 200) {
      const retryable = response.status === 429 || response.status >= 500;
      throw new AppError('E_DEMO_INGEST', `POST ${path} answered ${response.status}: ${text.slice(0, 500)}`, {
        retryable,
      });
    }
    const answer = answerSchema.parse(JSON.parse(text));
    const [first] = answer.errors;
    if (answer.rejected > 0) {
      throw new AppError(
        'E_DEMO_INGEST',
        `POST ${path} rejected ${answer.rejected} lines; line ${first?.line}: ${first?.field} ${first?.reason}.`,
      );
    }
    return answer.accepted;
  }

  async #fetch(path: RecordPath, body: Buffer, key: string): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': key },
        body,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new AppError('E_DEMO_INGEST', `POST ${path} was not answered`, { retryable: true, cause: error });
    }
  }

  #check(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }
}
