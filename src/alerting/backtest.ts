import { isOpen } from './alert-state.ts';
import type { SignalReader } from './alert-store.ts';
import { type AlertChange, evaluateRange, type ThresholdOverride, type TrackedAlert } from './evaluate-range.ts';
import { readSignalWindow } from './read-signal-window.ts';
import type { Rule } from './rule.ts';

const DAY_MS = 86_400_000;

/** One time that a rule would have fired, from the minute it fired to the minute it resolved. Times in epoch ms. */
export interface BacktestPage {
  readonly alert: string;
  readonly scope: string;
  readonly model: string;
  readonly severity: Rule['severity'];
  readonly actions: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** False when it still fires at the end of the range. */
  readonly resolved: boolean;
  readonly summary: string;
}

/**
 * Decides rules over stored signals as the service would have, a day at a time, and returns what would have fired, in
 * order of time. Nothing is written and nobody is told.
 *
 * @param options.rules   In the order of `loadRules`.
 * @param options.report  Alerts to return; the others only explain through `unless`.
 */
export async function backtest(options: {
  readonly rules: readonly Rule[];
  readonly report: ReadonlySet<string>;
  readonly fromMs: number;
  readonly toMs: number;
  readonly store: SignalReader;
  readonly threshold: ThresholdOverride;
}): Promise<readonly BacktestPage[]> {
  const { rules, report, store, threshold } = options;
  let alerts: ReadonlyMap<string, TrackedAlert> = new Map();
  const open = new Map<string, BacktestPage>();
  const pages: BacktestPage[] = [];
  for (let fromMs = options.fromMs; fromMs < options.toMs; fromMs += DAY_MS) {
    const range = { fromMs, toMs: Math.min(fromMs + DAY_MS, options.toMs) };
    const window = await readSignalWindow({ rules, ...range, store });
    const result = evaluateRange({ rules, window, alerts, ...range, threshold });
    // What is over is not needed for the days to come.
    alerts = new Map([...result.alerts].filter(([, { state }]) => isOpen(state)));
    for (const change of result.changes.filter(({ rule }) => report.has(rule.alert))) take(change, { open, pages });
  }
  const unfinished = [...open.values()].map((page) => ({ ...page, toMs: options.toMs, resolved: false }));
  return [...pages, ...unfinished].sort((left, right) => left.fromMs - right.fromMs);
}

function take(
  { transition, atMs, rule, alert }: AlertChange,
  found: { readonly open: Map<string, BacktestPage>; readonly pages: BacktestPage[] },
): void {
  const key = `${rule.alert} ${alert.scopeKey}`;
  if (transition === 'firing') {
    const { severity, actions } = rule;
    const { scopeKey: scope, instance, summary } = alert;
    const place = { alert: rule.alert, scope, model: instance.model };
    found.open.set(key, { ...place, severity, actions, fromMs: atMs, toMs: atMs, resolved: false, summary });
  }
  const page = found.open.get(key);
  if (transition !== 'resolved' || page === undefined) return;
  found.open.delete(key);
  found.pages.push({ ...page, toMs: atMs, resolved: true });
}

export interface PageComparison {
  readonly gained: readonly BacktestPage[];
  readonly lost: readonly BacktestPage[];
  /** Pages of the first set that overlap in time with one of the same alert and scope in the second. */
  readonly kept: number;
}

/** Compares what two sets of rules would have fired: a page is the same when alert, scope and some minute are. */
export function comparePages(pages: readonly BacktestPage[], against: readonly BacktestPage[]): PageComparison {
  const isIn = (page: BacktestPage, others: readonly BacktestPage[]): boolean =>
    others.some(
      (other) =>
        other.alert === page.alert &&
        other.scope === page.scope &&
        other.fromMs <= page.toMs &&
        page.fromMs <= other.toMs,
    );
  const gained = pages.filter((page) => !isIn(page, against));
  return { gained, lost: against.filter((page) => !isIn(page, pages)), kept: pages.length - gained.length };
}
