import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { jobProgress, lateDays } from '../../store/queries/minute-loop.ts';
import type { Store } from '../../store/store.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { DriftSchedule } from './drift-schedule.ts';
import { concludeLateBusiness } from './late-business.ts';
import type { PerformanceSignals } from './performance-signals.ts';
import { isShared, type TimeRange } from './reference-ranges.ts';
import { rollUpSignalHours } from './roll-signal-hours.ts';
import { type Importances, writeRuleSignals } from './rule-signals.ts';
import { type ConstantSignals, writeMinuteSignals } from './service-signals.ts';

export interface MinuteLoopOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly drift: DriftSchedule;
  readonly constants: () => ConstantSignals;
  /** Stated importance of features. */
  readonly importances: Importances;
  /** Evaluates the rules for the minutes of a range, in order. */
  readonly evaluateAlerts: (range: TimeRange) => Promise<void>;
  readonly performance: PerformanceSignals;
  /** Whether this process is the one that evaluates; another takes over where this one stopped. */
  readonly mayRun?: () => boolean;
  readonly intervalMs: number;
  readonly delayMs: number;
  readonly lateMs: number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const JOB = 'minute_loop';
const STANDBY_MS = 5000;
/** After a long stop only this much is caught up by alerts; older minutes wake nobody. */
const CATCH_UP_MS = 6 * HOUR_MS;

/** Evaluates each minute once it is over: signals, drift, alerts, in that order; catches up in order after a stop. */
export class MinuteLoop {
  readonly #options: MinuteLoopOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #doneToMs: number | undefined;
  #lateCursorMs: number;

  constructor(options: MinuteLoopOptions) {
    this.#options = options;
    this.#lateCursorMs = options.wallClock.now();
  }

  start(): void {
    this.#running = this.#loop();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Evaluates the one minute that begins at `minuteMs`. */
  async runMinute(minuteMs: number): Promise<void> {
    const { telemetry, store, clock, drift, constants, evaluateAlerts, performance } = this.#options;
    const range = { fromMs: minuteMs, toMs: minuteMs + MINUTE_MS };
    await telemetry.observe('evaluation', 'minute', async () => {
      await writeMinuteSignals({ store, range, constants: constants(), nowMs: clock.now() });
      await drift.run(range.toMs);
      if (range.toMs % HOUR_MS === 0) await performance.measure(range.toMs, clock.now());
      else await performance.carry(range.toMs, clock.now());
      await this.#writeRuleSignals(range, clock.now() - range.toMs);
      await evaluateAlerts(range);
      await this.#remember(range.toMs);
    });
    telemetry
      .gauge(
        'plumbline_evaluation_last_success_timestamp_seconds',
        'When a minute was evaluated last, in seconds since 1970.',
      )
      .set(clock.now() / 1000);
  }

  /** Concludes history: signals and closed drift windows of a range, without alerts. */
  async evaluateRange(range: TimeRange, models: readonly string[]): Promise<void> {
    const { store, clock, drift, constants, performance } = this.#options;
    await writeMinuteSignals({ store, range, constants: constants(), nowMs: clock.now() });
    await drift.judgeClosedTogether(models.map((model) => ({ plan: drift.planOf(model), range })));
    await performance.measureHistory(range, clock.now());
    await this.#writeRuleSignals(range);
  }

  async #writeRuleSignals(range: TimeRange, delayMs?: number): Promise<void> {
    const { store, clock, constants, importances } = this.#options;
    const late = delayMs === undefined ? {} : { delayMs };
    await writeRuleSignals({ store, range, constants: constants(), importances, nowMs: clock.now(), ...late });
  }

  async #loop(): Promise<void> {
    const { clock, intervalMs, delayMs, logger, telemetry } = this.#options;
    while (!this.#abort.signal.aborted) {
      try {
        if (this.#mayRun()) {
          await this.#catchUp();
          await this.#recomputeLate();
          await rollUpSignalHours({ store: this.#options.store });
        } else this.#doneToMs = undefined;
      } catch (error) {
        telemetry.counter('plumbline_evaluation_failures_total', 'Runs of the minute loop that failed.').inc();
        logger.error({ event: 'evaluation_failed', err: error }, 'A minute could not be evaluated.');
      }
      const now = clock.now();
      const next = Math.floor((now - delayMs) / intervalMs) * intervalMs + intervalMs + delayMs;
      // A process that waits to take over looks more often: it has minutes to catch up.
      const waitMs = this.#options.mayRun?.() === false ? STANDBY_MS : next - now;
      await clock.sleep(Math.max(200, waitMs), this.#abort.signal);
    }
  }

  async #catchUp(): Promise<void> {
    const { store, clock, delayMs } = this.#options;
    const end = Math.floor((clock.now() - delayMs) / MINUTE_MS) * MINUTE_MS;
    if (this.#doneToMs === undefined) {
      const stored = (await store.query(jobProgress, { job: JOB }))[0]?.done_to_ms;
      this.#doneToMs = Math.max(stored ?? end - MINUTE_MS, end - CATCH_UP_MS);
    }
    for (let at = this.#doneToMs; at < end && this.#mayRun(); at += MINUTE_MS) await this.runMinute(at);
  }

  #mayRun(): boolean {
    return !this.#abort.signal.aborted && this.#options.mayRun?.() !== false;
  }

  async #remember(doneToMs: number): Promise<void> {
    const { store, clock } = this.#options;
    this.#doneToMs = doneToMs;
    await store.insert('job_progress', [
      { job: JOB, done_to: new Date(doneToMs).toISOString(), updated: new Date(clock.now()).toISOString() },
    ]);
  }

  /** Minutes that got rows after they had been evaluated are concluded again; alerts of the past stay as they were. */
  async #recomputeLate(): Promise<void> {
    const { store, drift, lateMs, clock, wallClock, constants } = this.#options;
    const untilMs = wallClock.now() - 1000;
    await concludeLateBusiness({ store, sinceMs: this.#lateCursorMs, untilMs, nowMs: clock.now() });
    const days = await store.query(lateDays, { since_ms: this.#lateCursorMs, until_ms: untilMs });
    for (const day of days) {
      const range = { fromMs: day.first_minute * 1000, toMs: day.last_minute * 1000 + MINUTE_MS };
      await writeMinuteSignals({ store, range, constants: constants(), nowMs: clock.now() });
      const due = [];
      for (const model of day.models) {
        const plan = drift.planOf(model);
        const recent = clock.now() - range.fromMs <= lateMs;
        const end = Math.ceil(range.toMs / plan.windowMs) * plan.windowMs;
        await drift.noteLate(model, range);
        if (end > clock.now() || (!recent && !isShared(plan.reference))) continue;
        due.push({ plan, range: { fromMs: range.fromMs, toMs: end } });
      }
      await drift.judgeClosedTogether(due);
    }
    this.#lateCursorMs = untilMs;
  }
}
