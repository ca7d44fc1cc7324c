import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { groupBy } from '../../core/group-by.ts';
import type { FeatureFloors } from '../../stats/levels.ts';
import { currentReferences } from '../../store/queries/drift-rollup.ts';
import { archiveDriftResults, modelsWithGrids } from '../../store/queries/minute-loop.ts';
import { referenceFileFeatures } from '../../store/queries/reference-files.ts';
import { filledWindows } from '../../store/queries/window-requests.ts';
import type { Row, Store } from '../../store/store.ts';
import { judgeWindows, type WindowDrift } from './drift-job.ts';
import type { DriftPlan, KeyedPlan } from './drift-plan.ts';
import { FeatureWindows } from './feature-windows.ts';
import type { GridMaker } from './grids.ts';
import { MinuteWatch } from './minute-watch.ts';
import { type KnownModel, MissingGrids } from './missing-grids.ts';
import { ReferenceProfiles } from './reference-profiles.ts';
import { isShared, type Reference, type TimeRange } from './reference-ranges.ts';
import { ReferenceRequests } from './reference-requests.ts';
import { ReferenceWindows } from './reference-windows.ts';
import { parseReference } from './reference-spec.ts';
import { WindowConclusions } from './window-conclusions.ts';

/** What the configuration says about the drift of one model. */
export interface DriftSettings {
  readonly windowMs: number;
  readonly falseAlarmsPerMonth: number;
  readonly minRows: number;
  readonly features: readonly string[] | undefined;
  readonly importance: Readonly<Record<string, number>>;
  /** Where levels start; the default floors when absent. */
  readonly floors?: FeatureFloors;
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
/** Windows, of any models, judged by one query at most. */
const WINDOWS_AT_ONCE = 31 * 24;
const MODELS_AT_ONCE = 50;

/** Keeps the drift of every model up to date: bins for new features, a verdict when a window closes, a sliding value in between. */
export class DriftSchedule {
  readonly #options: DriftScheduleOptions;
  readonly #conclusions: WindowConclusions;
  readonly #slidingTo = new Map<string, number>();
  readonly #windows: FeatureWindows;
  readonly #profiles: ReferenceProfiles;
  readonly #requests: ReferenceRequests;
  readonly #variation: ReferenceWindows;
  readonly #watch: MinuteWatch;
  readonly #grids: MissingGrids;
  readonly #references = new Map<string, { readonly reference: Reference; readonly version: number }>();
  #loaded = false;

  constructor(options: DriftScheduleOptions) {
    this.#options = options;
    const { store, maker, logger } = options;
    this.#conclusions = new WindowConclusions(store);
    this.#windows = new FeatureWindows({ store, wallClock: maker.wallClock });
    this.#profiles = new ReferenceProfiles({ store, wallClock: maker.wallClock, windows: this.#windows });
    this.#requests = new ReferenceRequests(store);
    this.#variation = new ReferenceWindows(store);
    this.#watch = new MinuteWatch({ store, requests: this.#requests });
    this.#grids = new MissingGrids(maker, logger);
  }

  /** Judges what a minute has brought to its end, for all models together: closed windows, then sliding ones. */
  async run(minuteEndMs: number): Promise<void> {
    await this.load();
    const { store, clock } = this.#options;
    await this.#makeMissingGrids(await this.#grids.models());
    const plans = (await store.query(modelsWithGrids, {})).map(({ model }) => this.planOf(model));
    const due = plans.map((plan) => {
      const toMs = floorTo(minuteEndMs, plan.windowMs);
      return { plan, range: { fromMs: this.#conclusions.judgedTo(plan.model) ?? toMs - plan.windowMs, toMs } };
    });
    const closed = due.filter(({ range }) => range.fromMs < range.toMs);
    await this.judgeClosedTogether(closed);
    // A window that has just closed is the sliding one of this moment.
    for (const { plan, range } of closed) this.#slidingTo.set(plan.model, range.toMs);
    await this.#judgeSliding(plans, floorTo(minuteEndMs, ROLLUP_MS));
    await this.#watchMinute(plans, minuteEndMs);
    await store.insert(
      'signals',
      plans.flatMap((plan) => this.#conclusions.signals(plan, minuteEndMs, clock.now())),
    );
  }

  /** Judges the closed windows of one model in a range of time, oldest first; used for new, late and replayed data. */
  judgeClosed(plan: DriftPlan, range: TimeRange): Promise<number> {
    return this.judgeClosedTogether([{ plan, range }]);
  }

  /**
   * Judges closed windows of many models; those with windows of the same length and the same range share statements.
   *
   * @returns  How many windows had rows.
   */
  async judgeClosedTogether(due: readonly { readonly plan: DriftPlan; readonly range: TimeRange }[]): Promise<number> {
    await this.load();
    const whole = due.map(({ plan, range }) => ({
      plan,
      fromMs: floorTo(range.fromMs, plan.windowMs),
      toMs: floorTo(range.toMs, plan.windowMs),
    }));
    const alike = groupBy(
      whole,
      ({ plan, fromMs, toMs }) => `${plan.windowMs} ${fromMs} ${toMs} ${isShared(plan.reference)}`,
    );
    let judged = 0;
    for (const members of alike.values()) {
      const [first] = members;
      if (first === undefined) continue;
      const plans = members.map(({ plan }) => plan);
      for (const range of await this.#partsOf(plans, first.plan, first)) judged += await this.#judge(plans, range);
    }
    await this.#conclusions.refreshAlarms(
      whole.filter(({ fromMs, toMs }) => fromMs < toMs).map(({ plan }) => plan.model),
    );
    for (const { plan, toMs } of whole) this.#conclusions.setJudgedTo(plan.model, toMs);
    return judged;
  }

  /** Windows with the same reference are judged together; a reference that moves with the window allows one at a time. */
  async #partsOf(plans: readonly DriftPlan[], first: DriftPlan, range: TimeRange): Promise<readonly TimeRange[]> {
    const { windowMs, reference } = first;
    const { fromMs, toMs } = range;
    if (isShared(reference)) {
      const stepMs = windowMs * Math.max(1, Math.floor(WINDOWS_AT_ONCE / plans.length));
      return Array.from({ length: Math.ceil((toMs - fromMs) / stepMs) }, (_, index) => ({
        fromMs: fromMs + index * stepMs,
        toMs: Math.min(toMs, fromMs + (index + 1) * stepMs),
      }));
    }
    const filled = await this.#options.store.query(filledWindows, {
      models: plans.map(({ model }) => model),
      from: fromMs / 1000,
      to: toMs / 1000,
      window: windowMs / 1000,
    });
    return filled.map((row) => ({ fromMs: row.window_from * 1000, toMs: row.window_from * 1000 + windowMs }));
  }

  async #judge(plans: readonly DriftPlan[], range: TimeRange): Promise<number> {
    const { store, clock } = this.#options;
    const keys = await this.#profiles.keysFor(plans, range);
    const signals: Row[] = [];
    let judged = 0;
    for await (const [model, results] of this.#judgeInParts(plans, keys, range, true)) {
      judged += results.length;
      signals.push(...this.#conclusions.remember(model, results, clock.now()));
    }
    await store.insert('signals', signals);
    return judged;
  }

  /** A part's answer, with the counts of all windows of its references, fits into memory. */
  async *#judgeInParts(
    plans: readonly DriftPlan[],
    keys: readonly number[],
    range: TimeRange,
    final: boolean,
  ): AsyncGenerator<readonly [string, readonly WindowDrift[]]> {
    const { store, clock } = this.#options;
    for (let at = 0; at < plans.length; at += MODELS_AT_ONCE) {
      const part = plans.slice(at, at + MODELS_AT_ONCE).map((plan, index) => ({ plan, key: keys[at + index] ?? 0 }));
      yield* await judgeWindows({
        store,
        requests: this.#requests,
        references: this.#variation,
        plans: part,
        range,
        final,
        nowMs: clock.now(),
      });
    }
  }

  async #judgeSliding(plans: readonly DriftPlan[], slidingMs: number): Promise<void> {
    const due = plans.filter(({ model }) => slidingMs > (this.#slidingTo.get(model) ?? 0));
    for (const [windowMs, alike] of groupBy(due, (plan) => plan.windowMs)) {
      const range = { fromMs: slidingMs - windowMs, toMs: slidingMs };
      const keys = await this.#profiles.keysForSliding(alike, range);
      // Sliding results are stored; nothing else follows from them.
      for await (const _ of this.#judgeInParts(alike, keys, range, false));
      for (const { model } of alike) this.#slidingTo.set(model, slidingMs);
    }
  }

  async #watchMinute(plans: readonly DriftPlan[], minuteEndMs: number): Promise<void> {
    const keyed: KeyedPlan[] = [];
    for (const [windowMs, alike] of groupBy(plans, (plan) => plan.windowMs)) {
      const toMs = floorTo(minuteEndMs, ROLLUP_MS);
      const keys = await this.#profiles.keysForSliding(alike, { fromMs: toMs - windowMs, toMs });
      keyed.push(...alike.map((plan, index) => ({ plan, key: keys[index] ?? 0 })));
    }
    await this.#watch.run(keyed, minuteEndMs, this.#options.clock.now());
  }

  /** Rows came late into a range: what was merged of it is merged again before the next window is judged. */
  async noteLate(model: string, range: TimeRange): Promise<void> {
    const plan = this.planOf(model);
    this.#profiles.noteLate(plan, range);
    this.#forgetReference(model);
    await this.#windows.refresh([model], plan.windowMs, {
      fromMs: floorTo(range.fromMs, plan.windowMs),
      toMs: floorTo(range.toMs + plan.windowMs - 1, plan.windowMs),
    });
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
    if (reference.kind === 'file') await this.#remakeGrids(model, reference.source);
    const known = (await this.#grids.models()).find((entry) => entry.model === model);
    if (known === undefined) return 0;
    await this.#makeMissingGrids([known]);
    this.#profiles.forget(model);
    this.#forgetReference(model);
    const plan = this.planOf(model);
    const { range } = known;
    const fromMs = reference.kind === 'fixed' && range.fromMs >= reference.fromMs ? reference.toMs : range.fromMs;
    return this.judgeClosed(plan, { fromMs, toMs: Math.max(range.toMs - 1, this.#conclusions.judgedTo(model) ?? 0) });
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

  /** Reads what is stored of references and closed windows; once. */
  async load(): Promise<void> {
    if (this.#loaded) return;
    const { store } = this.#options;
    for (const row of await store.query(currentReferences, {})) {
      this.#references.set(row.model, { reference: parseReference(row.spec), version: row.version });
    }
    await this.#profiles.load();
    await this.#windows.load();
    await this.#conclusions.load();
    this.#loaded = true;
  }

  /** A reference from a file brings its own bins, for the features that were seen already too. */
  async #remakeGrids(model: string, source: string): Promise<void> {
    await this.#grids.remake(
      model,
      { file: source },
      await this.#options.store.query(referenceFileFeatures, { model, source }),
    );
    this.#windows.forget(model);
  }

  async #makeMissingGrids(models: readonly KnownModel[]): Promise<void> {
    const enough = models.filter(({ model, n }) => n >= this.#options.settingsOf(model).minRows);
    const changed = await this.#grids.make(enough, ({ model, range }) => {
      const { reference } = this.planOf(model);
      if (reference.kind === 'file') return { file: reference.source };
      return reference.kind === 'fixed' ? { fromMs: reference.fromMs, toMs: reference.toMs } : range;
    });
    for (const model of changed) {
      this.#profiles.forget(model);
      this.#windows.forget(model);
      this.#variation.forget(model);
    }
  }

  #forgetReference(model: string): void {
    this.#requests.forget(model);
    this.#watch.forget(model);
    this.#variation.forget(model);
  }
}

function floorTo(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs;
}
