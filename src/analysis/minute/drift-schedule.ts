import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { alarmStateMachine } from '../../stats/alarm-state-machine.ts';
import { isLevel, worstLevel } from '../../stats/levels.ts';
import { currentReferences } from '../../store/queries/drift-rollup.ts';
import { knownModels } from '../../store/queries/grids.ts';
import {
  archiveDriftResults,
  lastFinalWindows,
  modelsWithGrids,
  recentLevels,
} from '../../store/queries/minute-loop.ts';
import type { Row, Store } from '../../store/store.ts';
import { type DriftPlan, judgeWindows, type KeyedPlan, type WindowDrift } from './drift-job.ts';
import { type GridMaker, makeGrids } from './grids.ts';
import { ReferenceProfiles } from './reference-profiles.ts';
import { isShared, type Reference, type TimeRange } from './reference-ranges.ts';
import { parseReference } from './reference-spec.ts';

/** What the configuration says about the drift of one model. */
export interface DriftSettings {
  readonly windowMs: number;
  readonly falseAlarmsPerMonth: number;
  readonly minRows: number;
  readonly features: readonly string[] | undefined;
  readonly importance: Readonly<Record<string, number>>;
  readonly reference: Reference | undefined;
}

export interface DriftScheduleOptions {
  readonly store: Store;
  readonly maker: GridMaker;
  readonly settingsOf: (model: string) => DriftSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

const DEFAULT_REFERENCE: Reference = { kind: 'trailing', windowMs: 7 * 86_400_000 };
const ROLLUP_MS = 300_000;
const REMEMBERED_WINDOWS = 60;
/** Windows judged by one query at most. */
const WINDOWS_AT_ONCE = 31 * 24;

/** Keeps the drift of every model up to date: bins for new features, a verdict when a window closes, a sliding value in between. */
export class DriftSchedule {
  readonly #options: DriftScheduleOptions;
  readonly #latest = new Map<string, WindowDrift>();
  readonly #finalTo = new Map<string, number>();
  readonly #slidingTo = new Map<string, number>();
  readonly #alarms = new Map<string, number>();
  readonly #profiles: ReferenceProfiles;
  readonly #references = new Map<string, { readonly reference: Reference; readonly version: number }>();
  #loaded = false;

  constructor(options: DriftScheduleOptions) {
    this.#options = options;
    this.#profiles = new ReferenceProfiles({ store: options.store, wallClock: options.maker.wallClock });
  }

  /** Judges what a minute has brought to its end, for all models: closed windows one by one, sliding ones together. */
  async run(minuteEndMs: number): Promise<void> {
    await this.load();
    const { store, clock } = this.#options;
    await this.#makeMissingGrids();
    const signals: Row[] = [];
    const sliding = new Map<number, KeyedPlan[]>();
    const slidingMs = floorTo(minuteEndMs, ROLLUP_MS);
    for (const { model } of await store.query(modelsWithGrids, {})) {
      const plan = this.planOf(model);
      const closedMs = floorTo(minuteEndMs, plan.windowMs);
      const from = this.#finalTo.get(model) ?? closedMs - plan.windowMs;
      if (closedMs > from) await this.judgeClosed(plan, { fromMs: from, toMs: closedMs });
      if (slidingMs > (this.#slidingTo.get(model) ?? 0)) {
        const key = await this.#profiles.keyForSliding(plan, { fromMs: slidingMs - plan.windowMs, toMs: slidingMs });
        sliding.set(plan.windowMs, [...(sliding.get(plan.windowMs) ?? []), { plan, key }]);
        this.#slidingTo.set(model, slidingMs);
      }
      signals.push(...this.#modelSignals(plan, minuteEndMs));
    }
    for (const [windowMs, plans] of sliding) {
      await judgeWindows({
        store,
        plans,
        range: { fromMs: slidingMs - windowMs, toMs: slidingMs },
        final: false,
        nowMs: clock.now(),
      });
    }
    await store.insert('signals', signals);
  }

  /** Judges the closed windows of one model in a range of time, oldest first; used for new, late and replayed data. */
  async judgeClosed(plan: DriftPlan, range: TimeRange): Promise<number> {
    const { store, clock } = this.#options;
    await this.load();
    const fromMs = floorTo(range.fromMs, plan.windowMs);
    const toMs = floorTo(range.toMs, plan.windowMs);
    const step = isShared(plan.reference) ? plan.windowMs * WINDOWS_AT_ONCE : plan.windowMs;
    let judged = 0;
    for (let at = fromMs; at < toMs; at += step) {
      const part = { fromMs: at, toMs: Math.min(toMs, at + step) };
      const key = await this.#profiles.keyFor(plan, part);
      const found = await judgeWindows({ store, plans: [{ plan, key }], range: part, final: true, nowMs: clock.now() });
      const results = found.get(plan.model) ?? [];
      judged += results.length;
      const newest = results.at(-1);
      if (newest !== undefined && newest.toMs >= (this.#latest.get(plan.model)?.toMs ?? 0))
        this.#latest.set(plan.model, newest);
      const signals = results.flatMap((result) => windowSignals(plan.model, result, result.toMs, clock.now()));
      await store.insert('signals', signals);
    }
    if (judged > 0) await this.#refreshAlarms(plan.model);
    this.#finalTo.set(plan.model, Math.max(toMs, this.#finalTo.get(plan.model) ?? 0));
    return judged;
  }

  /** Late rows may lie in a reference too: it is merged again before the next window is judged. */
  noteLate(model: string): void {
    this.#profiles.forget(model);
  }

  /** Puts a new reference in force: makes bins where there are none and judges again what has data outside of it. */
  async setReference(model: string, reference: Reference, version: number): Promise<number> {
    await this.load();
    const { store } = this.#options;
    this.#references.set(model, { reference, version });
    await store.command({
      name: 'archive_drift_results',
      sql: archiveDriftResults,
      parameters: { model, reference_version: version },
    });
    const known = (await store.query(knownModels, {})).find((entry) => entry.model === model);
    if (known === undefined) return 0;
    await makeGrids(
      this.#options.maker,
      model,
      fitRange(reference, { fromMs: known.first_ms, toMs: known.last_ms + 1 }),
    );
    this.#profiles.forget(model);
    const plan = this.planOf(model);
    const fromMs = reference.kind === 'fixed' && known.first_ms >= reference.fromMs ? reference.toMs : known.first_ms;
    return this.judgeClosed(plan, { fromMs, toMs: known.last_ms });
  }

  planOf(model: string): DriftPlan {
    const { settingsOf } = this.#options;
    const { reference: configured, ...settings } = settingsOf(model);
    const stored = this.#references.get(model);
    return {
      model,
      ...settings,
      reference: stored?.reference ?? configured ?? DEFAULT_REFERENCE,
      referenceVersion: stored?.version ?? 0,
    };
  }

  /** An alarm follows from the levels alone, so it is the same after a restart or when late data changed a window. */
  async #refreshAlarms(model: string): Promise<void> {
    const rows = await this.#options.store.query(recentLevels, { model, windows: REMEMBERED_WINDOWS });
    const active = rows.filter(({ levels }) => alarmStateMachine(levels.filter(isLevel)).states.at(-1) === 'active');
    this.#alarms.set(model, active.length);
  }

  /** Reads what is stored of references and closed windows; once. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    const { store } = this.#options;
    for (const row of await store.query(currentReferences, {})) {
      this.#references.set(row.model, { reference: parseReference(row.spec), version: row.version });
    }
    await this.#profiles.load();
    for (const row of await store.query(lastFinalWindows, {})) {
      this.#finalTo.set(row.model, row.to_ms);
      this.#latest.set(row.model, {
        fromMs: row.from_ms,
        toMs: row.to_ms,
        level: worstLevel(row.levels.filter(isLevel)),
        driftedFeatures: row.drifted,
        score: row.score ?? undefined,
        predictionPsi: undefined,
      });
      await this.#refreshAlarms(row.model);
    }
    this.#loaded = true;
  }

  async #makeMissingGrids(): Promise<void> {
    const { store, maker, logger, settingsOf } = this.#options;
    for (const known of await store.query(knownModels, {})) {
      const plan = this.planOf(known.model);
      if (known.n < settingsOf(known.model).minRows) continue;
      const made = await makeGrids(
        maker,
        known.model,
        fitRange(plan.reference, { fromMs: known.first_ms, toMs: known.last_ms + 1 }),
      );
      if (made > 0) this.#profiles.forget(known.model);
      if (made > 0)
        logger.info({ event: 'grids_made', model: known.model, features: made }, 'New features are being watched.');
    }
  }

  #modelSignals(plan: DriftPlan, minuteEndMs: number): readonly Row[] {
    const latest = this.#latest.get(plan.model);
    // A verdict speaks for the window after it too; an older one is silence.
    if (latest === undefined || minuteEndMs - latest.toMs > 2 * plan.windowMs) return [];
    const signals = windowSignals(plan.model, latest, minuteEndMs, this.#options.clock.now());
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

function fitRange(reference: Reference, all: TimeRange): TimeRange {
  return reference.kind === 'fixed' ? { fromMs: reference.fromMs, toMs: reference.toMs } : all;
}

function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
