import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { describeError } from '../../core/errors.ts';
import type { BatchWriter } from '../../store/ingest/batch-writer.ts';
import { UnitBuilder } from '../../store/ingest/unit.ts';
import { jobProgress } from '../../store/queries/minute-loop.ts';
import type { Row, Store } from '../../store/store.ts';
import type { CollectorHealth } from '../../telemetry/collector-health.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { Collector } from '../collector.ts';
import { type FetchedRecords, fetchRecords, type Interval } from './business-records.ts';
import { type BusinessEntry, businessKey } from './config.ts';
import type { Fetch } from './instant-query.ts';

export interface BusinessCollectorOptions {
  readonly entries: readonly BusinessEntry[];
  readonly store: Store;
  readonly writer: Pick<BatchWriter, 'submit'>;
  readonly telemetry: Telemetry;
  readonly health: CollectorHealth;
  readonly logger: Logger;
  /** The date that numbers go by. */
  readonly clock: Clock;
  /** The machine's clock: arrival of records. */
  readonly wallClock: Clock;
  readonly fetch: Fetch;
}

interface Course {
  readonly entry: BusinessEntry;
  readonly key: string;
  readonly job: string;
  /** End of the last interval that is done; undefined before it was looked up. */
  doneToMs: number | undefined;
  /** After a failure nothing is asked for before this moment. */
  notBeforeMs: number;
}

const POLL_MS = 2000;
const RETRY_MS = 15_000;
const AT_ONCE = 4;
/** Intervals that one entry may catch up before the others have their turn. */
const TURN = 30;

/** Fetches business numbers once per closed interval, in order; what was missed is caught up, and nothing is stored twice. */
export class BusinessCollector implements Collector {
  readonly name = 'business';
  readonly #options: BusinessCollectorOptions;
  readonly #courses: readonly Course[];
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: BusinessCollectorOptions) {
    this.#options = options;
    this.#courses = options.entries.map((entry) => {
      const key = businessKey(entry);
      return { entry, key, job: `business ${key}`, doneToMs: undefined, notBeforeMs: 0 };
    });
  }

  async start(): Promise<void> {
    if (this.#running !== undefined || this.#courses.length === 0 || this.#stopping.signal.aborted) return;
    for (const { entry } of this.#courses)
      this.#options.health.expect(healthName(entry), 3 * entry.interval + entry.delay + entry.timeout);
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Fetches every interval that is over and due, at most thirty an entry, and returns how many were done. */
  async runOnce(): Promise<number> {
    const waiting = [...this.#courses];
    let done = 0;
    const work = async (): Promise<void> => {
      for (let course = waiting.shift(); course !== undefined; course = waiting.shift())
        done += await this.#advance(course);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return done;
  }

  async #loop(): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const done = await this.runOnce();
      await clock.sleep(done >= TURN ? 0 : POLL_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  async #advance(course: Course): Promise<number> {
    const { clock, health, logger } = this.#options;
    const { entry } = course;
    if (clock.now() < course.notBeforeMs) return 0;
    let done = 0;
    try {
      for (let at = await this.#nextFrom(course); done < TURN && this.#isDue(entry, at); at += entry.interval) {
        await this.#take(course, { fromMs: at, toMs: at + entry.interval });
        course.doneToMs = at + entry.interval;
        done += 1;
      }
      if (done > 0) {
        await this.#remember(course);
        health.succeeded(healthName(entry));
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) return done;
      course.notBeforeMs = clock.now() + RETRY_MS;
      const detail = describeError(error);
      this.#count('failures', 'Business numbers that could not be fetched or stored.', entry, 1);
      health.failed(healthName(entry), detail);
      logger.debug({ event: 'business_failed', metric: entry.metric, detail }, 'A business number was not fetched.');
    }
    return done;
  }

  #isDue(entry: BusinessEntry, fromMs: number): boolean {
    const isOver = fromMs + entry.interval + entry.delay <= this.#options.clock.now();
    return isOver && !this.#stopping.signal.aborted;
  }

  /** Where to go on: after the last interval done, but not further back than may be caught up. */
  async #nextFrom(course: Course): Promise<number> {
    const { store, clock, logger } = this.#options;
    const { entry, job } = course;
    const end = Math.floor((clock.now() - entry.delay) / entry.interval) * entry.interval;
    course.doneToMs ??= (await store.query(jobProgress, { job }))[0]?.done_to_ms ?? end - entry.interval;
    // An interval of another length may have been in force before.
    const next = Math.ceil(course.doneToMs / entry.interval) * entry.interval;
    const earliest = Math.ceil((end - entry.catch_up) / entry.interval) * entry.interval;
    if (next >= earliest) return next;
    const skipped = (earliest - next) / entry.interval;
    this.#count('skipped', 'Intervals too old to be caught up.', entry, skipped);
    logger.warn({ event: 'business_skipped', metric: entry.metric, skipped }, 'Intervals were too old to catch up.');
    course.doneToMs = earliest;
    return earliest;
  }

  async #take({ entry, key }: Course, interval: Interval): Promise<void> {
    const { store, fetch, telemetry } = this.#options;
    const { signal } = this.#stopping;
    const fetched = await telemetry.observe('collectors', 'business', () =>
      fetchRecords({ entry, interval, store, fetch, signal }),
    );
    if (fetched.without > 0) this.#count('not_numbers', 'Values that were no finite number.', entry, fetched.without);
    await this.#store(key, interval, fetched);
  }

  /** The receipt names number and interval: fetched again, for example after a crash, nothing is stored again. */
  async #store(key: string, interval: Interval, { records }: FetchedRecords): Promise<void> {
    if (records.length === 0) return;
    const builder = new UnitBuilder('business', this.#options.wallClock.now());
    for (const [index, record] of records.entries()) builder.add(Buffer.from(JSON.stringify(record)), index + 1);
    const unit = builder.finish(`business collector ${key} ${interval.toMs}`);
    await this.#options.writer.submit({ ...unit, collector: this.name });
  }

  async #remember({ job, doneToMs }: Course): Promise<void> {
    const { store, wallClock } = this.#options;
    if (doneToMs === undefined) return;
    const rows: readonly Row[] = [
      { job, done_to: new Date(doneToMs).toISOString(), updated: new Date(wallClock.now()).toISOString() },
    ];
    await store.insert('job_progress', rows);
  }

  #count(what: string, help: string, entry: BusinessEntry, by: number): void {
    this.#options.telemetry
      .counter(`plumbline_ingest_business_${what}_total`, help, ['metric'])
      .inc({ metric: entry.metric }, by);
  }
}

function healthName(entry: BusinessEntry): string {
  return `business:${entry.metric}${entry.model === undefined ? '' : `:${entry.model}`}`;
}
