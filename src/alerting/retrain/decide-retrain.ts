import type { FeatureWindows, RetrainRequest } from '../../store/queries/retrain.ts';

/** When retraining may be asked for. Durations in ms. */
export interface RetrainSettings {
  readonly cooldown: number;
  readonly budget_per_month: number;
  readonly min_fresh_labels: number;
  readonly fresh_for: number;
  readonly persist_windows: number;
  readonly importance: number;
  readonly performance_alerts: readonly string[];
  readonly blocking_alerts: readonly string[];
  readonly approval: boolean;
  readonly watch_for: number;
}

export interface RetrainFacts {
  readonly windows: readonly FeatureWindows[];
  /** Stated importance by feature. */
  readonly importance: Readonly<Record<string, number>>;
  /** Alerts of the model, or of the fleet, that fire or are pending. */
  readonly openAlerts: readonly {
    readonly alert: string;
    readonly isFiring: boolean;
    /** Whether `retrain` is among the actions of its rule. */
    readonly asksRetraining: boolean;
  }[];
  /** Requests of the last thirty days. */
  readonly requests: readonly RetrainRequest[];
  readonly nowMs: number;
}

/** `none`: nothing asks for it. `blocked`: something does, and something forbids it. */
export type RetrainDecision =
  | { readonly kind: 'none' }
  | { readonly kind: 'blocked'; readonly reason: string; readonly blockedBy: string }
  | { readonly kind: 'ask'; readonly reason: string };

const PREDICTION = new Set(['__score__', '__prediction__']);
const DRIFTED = new Set(['moderate', 'major']);
const MONTH_MS = 30 * 86_400_000;

/** Decides, but for the fresh labels, whether retraining is to be asked for. Pure. */
export function decideRetrain(facts: RetrainFacts, settings: RetrainSettings): RetrainDecision {
  const reason = reasonOf(facts, settings);
  if (reason === undefined) return { kind: 'none' };
  const blockedBy = blockerOf(facts, settings);
  return blockedBy === undefined ? { kind: 'ask', reason } : { kind: 'blocked', reason, blockedBy };
}

/** Returns why drift that persists asks for retraining: of the prediction, or of features that carry enough importance. */
export function persistentDrift(
  windows: readonly FeatureWindows[],
  importance: Readonly<Record<string, number>>,
  settings: Pick<RetrainSettings, 'persist_windows' | 'importance'>,
): string | undefined {
  const count = settings.persist_windows;
  const persists = windows.filter(
    ({ levels }) => levels.length >= count && levels.slice(-count).every((level) => DRIFTED.has(level)),
  );
  const prediction = persists.find(({ feature }) => PREDICTION.has(feature));
  if (prediction !== undefined) return `the prediction has drifted for ${count} windows in a row`;
  const hasImportance = Object.keys(importance).length > 0;
  const weightOf = (feature: string): number => (hasImportance ? (importance[feature] ?? 0) : 1);
  const sum = (found: readonly FeatureWindows[]): number =>
    found.reduce((total, { feature }) => total + (PREDICTION.has(feature) ? 0 : weightOf(feature)), 0);
  const whole = sum(windows);
  const share = whole === 0 ? 0 : sum(persists) / whole;
  if (share < settings.importance) return undefined;
  const names = persists.map(({ feature }) => feature).slice(0, 5);
  return `features with ${Math.round(share * 100)} % of the importance have drifted for ${count} windows in a row: ${names.join(', ')}`;
}

function reasonOf(facts: RetrainFacts, settings: RetrainSettings): string | undefined {
  const fallen = facts.openAlerts.find(
    ({ alert, isFiring }) => isFiring && settings.performance_alerts.includes(alert),
  );
  const drift = persistentDrift(facts.windows, facts.importance, settings);
  if (drift !== undefined) return drift;
  if (fallen !== undefined) return `performance has fallen: ${fallen.alert} fires`;
  const asking = facts.openAlerts.find(({ isFiring, asksRetraining }) => isFiring && asksRetraining);
  return asking === undefined ? undefined : `${asking.alert} fires, and retraining is among its actions`;
}

function blockerOf({ openAlerts, requests, nowMs }: RetrainFacts, settings: RetrainSettings): string | undefined {
  const broken = openAlerts.find(({ alert }) => settings.blocking_alerts.includes(alert));
  if (broken !== undefined) return `the data-quality alert ${broken.alert} is open`;
  const counted = requests.filter(({ state, requestedMs }) => state !== 'rejected' && nowMs - requestedMs < MONTH_MS);
  const open = requests.find(
    ({ state }) => state === 'awaiting_approval' || state === 'requested' || state === 'new_version',
  );
  if (open !== undefined) return `request ${open.id} is ${open.state.replaceAll('_', ' ')}`;
  const newest = Math.max(...requests.map(({ requestedMs }) => requestedMs));
  if (nowMs - newest < settings.cooldown) return 'the last request is younger than the cooldown';
  if (counted.length >= settings.budget_per_month)
    return `the budget of ${settings.budget_per_month} requests in thirty days is spent`;
  return undefined;
}
