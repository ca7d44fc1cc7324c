import type { Logger } from 'pino';
import type { Clock } from '../core/clock.ts';
import { describeError } from '../core/errors.ts';
import { forgetLeaseSteps, presentLease } from '../store/queries/lease.ts';
import type { Store } from '../store/store.ts';

export interface LeaseOptions {
  readonly store: Store;
  /** The machine's clock. */
  readonly clock: Clock;
  readonly logger: Logger;
  readonly name: string;
  /** What can only run once at a time (a data folder, a pod): its next process takes over without waiting. */
  readonly place: string;
  /** Tells the processes of one place apart. */
  readonly instance: string;
  readonly ttlMs: number;
}

export type LeaseState = 'held' | 'waiting';

/**
 * Lets one process at a time do something, by a lease in the database. Each step (take, renew, give back) is one row
 * with the next number, inserted under a deduplication token made of that number: of two that try the same step the
 * database keeps one, and reading back says which. Expiry goes by the database's clock; the holder counts from before
 * it asked, so it stops before another may begin. `token` grows with every take-over.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #holder: string;
  readonly #ending = new AbortController();
  #validUntilMs = 0;
  #token = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#holder = `${options.place}#${options.instance}`;
  }

  /** Returns the fencing token of the last time that the lease was taken; 0 before. */
  get token(): number {
    return this.#token;
  }

  /** Returns whether this process may act now. */
  isHeld(): boolean {
    return this.#options.clock.now() < this.#validUntilMs;
  }

  /** Takes or renews the lease once, and goes on doing so in the background. */
  async start(): Promise<void> {
    await this.#tryHold();
    this.#running = this.#run();
  }

  /** Ends the background work and gives the lease back, so that another need not wait. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    if (!this.isHeld()) return;
    this.#validUntilMs = 0;
    try {
      await this.#step(0);
    } catch (error) {
      this.#options.logger.warn(
        { event: 'lease_not_released', error: describeError(error) },
        'The lease runs out by itself.',
      );
    }
  }

  /**
   * Takes the lease when it is free, or renews it.
   *
   * @throws StoreError when the database is away
   */
  async hold(): Promise<LeaseState> {
    const before = this.isHeld();
    const askedMs = this.#options.clock.now();
    const got = await this.#step(this.#options.ttlMs);
    this.#validUntilMs = got === undefined ? 0 : askedMs + this.#options.ttlMs;
    if (got !== undefined) this.#token = got;
    const { logger, name } = this.#options;
    const fields = { lease: name, token: this.#token, holder: this.#holder };
    if (got !== undefined && !before) logger.info({ event: 'lease_taken', ...fields }, 'This process leads.');
    if (got === undefined && before) logger.warn({ event: 'lease_lost', ...fields }, 'Another process leads.');
    return got === undefined ? 'waiting' : 'held';
  }

  async #run(): Promise<void> {
    const { clock, ttlMs } = this.#options;
    while (!this.#ending.signal.aborted) {
      await clock.sleep(ttlMs / 4, this.#ending.signal);
      if (!this.#ending.signal.aborted) await this.#tryHold();
    }
  }

  async #tryHold(): Promise<void> {
    try {
      await this.hold();
    } catch (error) {
      // What is held stays held until it runs out.
      this.#options.logger.warn(
        { event: 'lease_unreadable', error: describeError(error) },
        'The lease could not be renewed.',
      );
    }
  }

  /** Makes the next step and returns the token when it was ours; undefined when another holds the lease. */
  async #step(ttlMs: number): Promise<number | undefined> {
    const { store, name, place } = this.#options;
    const present = (await store.query(presentLease, { name }))[0] ?? NEVER_HELD;
    const isMine = present.holder === this.#holder;
    const isFree = present.expires_ms <= present.server_ms || present.holder.startsWith(`${place}#`);
    if (!isMine && !isFree) return undefined;
    const continues = isMine && present.token === this.#token;
    const next = { seq: present.seq + 1, token: continues ? present.token : present.token + 1 };
    // Nobody else can hold what nobody ever held: the first step begins and ends at once, the second one counts.
    const expires = new Date(present.server_ms + (present.seq === 0 ? 0 : ttlMs)).toISOString();
    await store.insert('leases', [{ name, holder: this.#holder, ...next, expires }], { token: `${name}/${next.seq}` });
    if (present.seq === 0) return this.#step(ttlMs);
    const [after] = await store.query(presentLease, { name });
    if (!continues && next.seq > KEPT_STEPS) {
      await store.command({
        name: 'forget_lease_steps',
        sql: forgetLeaseSteps,
        parameters: { name, before: next.seq - KEPT_STEPS },
      });
    }
    return after?.seq === next.seq && after.holder === this.#holder ? next.token : undefined;
  }
}

const NEVER_HELD = { seq: 0, holder: '', token: 0, expires_ms: 0, server_ms: 0 } as const;
/** More than the database remembers deduplication tokens of. */
const KEPT_STEPS = 20_000;
