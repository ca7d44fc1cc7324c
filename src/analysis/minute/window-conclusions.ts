import { groupBy } from '../../core/group-by.ts';
import { alarmStateMachine } from '../../stats/alarm-state-machine.ts';
import { isLevel, worstLevel } from '../../stats/levels.ts';
import { lastFinalWindows, recentLevels } from '../../store/queries/minute-loop.ts';
import type { Row, Store } from '../../store/store.ts';
import type { WindowDrift } from './drift-job.ts';
import type { DriftPlan } from './drift-plan.ts';

const REMEMBERED_WINDOWS = 60;

/** Remembers what the closed windows of each model said, and says it as signals until the next one closes. */
export class WindowConclusions {
  readonly #store: Store;
  readonly #latest = new Map<string, WindowDrift>();
  readonly #finalTo = new Map<string, number>();
  readonly #alarms = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** Reads what an earlier process concluded. */
  async load(): Promise<void> {
    for (const row of await this.#store.query(lastFinalWindows, {})) {
      this.#finalTo.set(row.model, row.to_ms);
      this.#latest.set(row.model, {
        fromMs: row.from_ms,
        toMs: row.to_ms,
        level: worstLevel(row.levels.filter(isLevel)),
        driftedFeatures: row.drifted,
        score: row.score ?? undefined,
        predictionPsi: undefined,
      });
    }
    await this.refreshAlarms([...this.#finalTo.keys()]);
  }

  /** Until when the windows of a model are judged, in milliseconds since 1970; undefined: none is. */
  judgedTo(model: string): number | undefined {
    return this.#finalTo.get(model);
  }

  /** Notes that the windows of a model are judged up to a time, whether they had rows or not. */
  setJudgedTo(model: string, toMs: number): void {
    this.#finalTo.set(model, Math.max(toMs, this.#finalTo.get(model) ?? 0));
  }

  /** Remembers the newest window of a model and returns the signals of all of them, each at its end. */
  remember(model: string, windows: readonly WindowDrift[], nowMs: number): readonly Row[] {
    const newest = windows.at(-1);
    if (newest !== undefined && newest.toMs >= (this.#latest.get(model)?.toMs ?? 0)) this.#latest.set(model, newest);
    return windows.flatMap((window) => windowSignals(model, window, window.toMs, nowMs));
  }

  /** An alarm follows from the levels alone, so it is the same after a restart or when late data changed a window. */
  async refreshAlarms(models: readonly string[]): Promise<void> {
    if (models.length === 0) return;
    const rows = await this.#store.query(recentLevels, { models, windows: REMEMBERED_WINDOWS });
    for (const [model, features] of groupBy(rows, (row) => row.model)) {
      const active = features.filter(
        ({ levels }) => alarmStateMachine(levels.filter(isLevel)).states.at(-1) === 'active',
      );
      this.#alarms.set(model, active.length);
    }
  }

  /** Returns the signals of a model for a minute. A verdict speaks for the window after it too; an older one is silence. */
  signals(plan: DriftPlan, minuteEndMs: number, nowMs: number): readonly Row[] {
    const latest = this.#latest.get(plan.model);
    if (latest === undefined || minuteEndMs - latest.toMs > 2 * plan.windowMs) return [];
    const signals = windowSignals(plan.model, latest, minuteEndMs, nowMs);
    const [first] = signals;
    const alarms = this.#alarms.get(plan.model);
    return first === undefined || alarms === undefined
      ? signals
      : [...signals, { ...first, signal: 'drift_alarms', value: alarms, state: 'ok' }];
  }
}

function windowSignals(model: string, result: WindowDrift, minuteEndMs: number, nowMs: number): readonly Row[] {
  const base = {
    t: minuteEndMs / 1000 - 60,
    model,
    version: '',
    feature: '',
    segment: '',
    gpu: '',
    evaluated_at: new Date(nowMs).toISOString(),
  };
  if (result.level === 'insufficient_data') {
    return ['drifted_features', 'drift_score'].map((signal) => ({
      ...base,
      signal,
      value: 'nan',
      state: 'insufficient_data',
    }));
  }
  const rows: Row[] = [{ ...base, signal: 'drifted_features', value: result.driftedFeatures, state: 'ok' }];
  if (result.score !== undefined) rows.push({ ...base, signal: 'drift_score', value: result.score, state: 'ok' });
  return rows;
}
