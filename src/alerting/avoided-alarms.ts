import type { AvoidedAlarm } from '../store/queries/alert-quality.ts';
import type { AlertStateRow } from '../store/queries/alerting.ts';
import { isFiring } from './alert-state.ts';
import { alertKey, evaluateRange, type ThresholdOverride, type TrackedAlert } from './evaluate-range.ts';
import { formatDuration } from './duration.ts';
import type { Compare, Condition, Rule } from './rule.ts';
import type { SignalWindow } from './signal-window.ts';
import { changedRows, trackedFromRows } from './tracked-alerts.ts';

const MINUTE_MS = 60_000;
/** How often an alarm that goes on is written again. */
const WRITE_EVERY_MINUTES = 60;
/** Label of the stored clause whose rule has fired as well. */
const CONFIRMED = 'confirmed';

/**
 * Follows what each clause of a compound rule would have alarmed on its own, with the `for` of its rule: an alarm during
 * which the rule itself never fires is one that the compound avoided. Clauses are stored when they change, not in every
 * minute: after a restart a clause that alarmed goes on, and one that was pending must hold for its time anew.
 */
export class AvoidedAlarms {
  readonly #clauses: readonly Rule[];
  readonly #parents: ReadonlyMap<string, { readonly rule: Rule; readonly text: string }>;
  #alerts: ReadonlyMap<string, TrackedAlert> = new Map();
  /** Alarms that the rule confirmed by firing as well. */
  readonly #confirmed = new Set<string>();

  constructor(rules: readonly Rule[], stored: readonly AlertStateRow[]) {
    const clauses = rules.flatMap((rule) =>
      clausesOf(rule.when).map((when, index) => ({
        rule,
        text: textOf(when),
        clause: { ...rule, alert: `${rule.alert}#${index}`, labels: {}, when, unless: [], keepFiringForMs: 0 },
      })),
    );
    this.#clauses = clauses.map(({ clause }) => clause);
    this.#parents = new Map(clauses.map(({ clause, rule, text }) => [clause.alert, { rule, text }]));
    const known = stored.filter(({ alert, summary }) => this.#parents.get(alert)?.text === summary);
    this.#alerts = trackedFromRows(known);
    for (const { labels, episode } of known) if (CONFIRMED in labels) this.#confirmed.add(episode);
  }

  /**
   * Looks at a range of minutes and returns what is to be stored: alarms that ended, and from hour to hour those that go
   * on; and the clauses that began or ceased to hold.
   */
  observe(range: {
    readonly window: SignalWindow;
    readonly fromMs: number;
    readonly toMs: number;
    readonly threshold: ThresholdOverride;
    /** The alerts of the rules themselves after the range. */
    readonly alerts: ReadonlyMap<string, TrackedAlert>;
  }): { readonly avoided: readonly AvoidedAlarm[]; readonly clauses: readonly AlertStateRow[] } {
    const { window, fromMs, toMs, threshold, alerts } = range;
    const before = this.#alerts;
    const confirmedBefore = new Set(this.#confirmed);
    const { alerts: after, changes } = evaluateRange({
      rules: this.#clauses,
      window,
      alerts: before,
      fromMs,
      toMs,
      threshold,
    });
    // What is over is not needed any more.
    this.#alerts = new Map([...after].filter(([, { state }]) => state.phase === 'pending' || isFiring(state)));
    const ended = changes.flatMap(({ transition, alert, atMs }) =>
      transition === 'resolved' ? (this.#toAvoided(alert, alerts, atMs, true) ?? []) : [],
    );
    const open = [...this.#alerts.values()].flatMap((alert) => {
      const isDue = isFiring(alert.state) && (toMs / MINUTE_MS) % WRITE_EVERY_MINUTES === 0;
      const avoided = isFiring(alert.state) ? this.#toAvoided(alert, alerts, toMs, false) : undefined;
      return isDue && avoided !== undefined ? [avoided] : [];
    });
    const changed = new Set(changes.map(({ alert }) => alertKey(alert.alert, alert.scopeKey)));
    const toStore = [...after].filter(([key, { state }]) => {
      const isNews = this.#confirmed.has(state.episode) && !confirmedBefore.has(state.episode);
      return changed.has(key) || isNews;
    });
    const clauses = changedRows(new Map(), new Map(toStore.map(([key, alert]) => [key, this.#toStored(alert)])));
    return { avoided: [...ended, ...open], clauses };
  }

  #toStored(clause: TrackedAlert): TrackedAlert {
    const labels: TrackedAlert['labels'] = this.#confirmed.has(clause.state.episode) ? { [CONFIRMED]: 'yes' } : {};
    // By the minute: what is over is forgotten here and would count from one again.
    const revision = clause.state.evaluatedMinuteMs / MINUTE_MS;
    return { ...clause, labels, revision, summary: this.#parents.get(clause.alert)?.text ?? '' };
  }

  #toAvoided(
    clause: TrackedAlert,
    alerts: ReadonlyMap<string, TrackedAlert>,
    untilMs: number,
    isOver: boolean,
  ): AvoidedAlarm | undefined {
    const parent = this.#parents.get(clause.alert);
    if (parent === undefined) return undefined;
    const { firingSinceMs: sinceMs, episode } = clause.state;
    const own = alerts.get(alertKey(parent.rule.alert, clause.scopeKey))?.state;
    const fired = own !== undefined && own.firingSinceMs > 0 && (isFiring(own) || own.resolvedAtMs >= sinceMs);
    if (fired) this.#confirmed.add(episode);
    const isConfirmed = this.#confirmed.has(episode);
    if (isOver) this.#confirmed.delete(episode);
    if (isConfirmed) return undefined;
    const { scopeKey, instance } = clause;
    const minutes = Math.round((untilMs - sinceMs) / MINUTE_MS);
    return { alert: parent.rule.alert, scopeKey, model: instance.model, clause: parent.text, sinceMs, minutes };
  }
}

function clausesOf(when: Condition): readonly Condition[] {
  return when.kind === 'all' && when.of.length > 1 ? when.of.filter(({ kind }) => kind !== 'none') : [];
}

function textOf(condition: Condition): string {
  if (condition.kind === 'compare') return describe(condition);
  const parts = condition.of.map(textOf);
  if (condition.kind === 'none') return `not ${parts.length === 1 ? parts.join('') : `(${parts.join(' or ')})`}`;
  return parts.join(condition.kind === 'all' ? ' and ' : ' or ');
}

function describe({ signal, op, bound }: Compare): string {
  if (bound.kind === 'number') return `${signal} ${op} ${bound.value}`;
  const factor = bound.times === 1 ? '' : `${bound.times} x `;
  const past =
    bound.range === undefined ? '' : ` (${bound.range.aggregate} of ${formatDuration(bound.range.durationMs)})`;
  return `${signal} ${op} ${factor}${bound.signal}${past}`;
}
