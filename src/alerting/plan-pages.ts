import { groupBy } from '../core/group-by.ts';
import type { OutboxEntry } from '../store/queries/outbox.ts';
import { isFiring } from './alert-state.ts';
import { type AlertChange, alertKey, type TrackedAlert } from './evaluate-range.ts';
import { type LinksFor, type Member, triggerOf } from './page-message.ts';
import { groupKeyOf, type Mute, type PageTarget } from './page-target.ts';
import type { RoutingConfig } from './routing-config.ts';
import type { Rule } from './rule.ts';
import { isOpenPage, owe, type Told, toldEpisodes, toldKey, type ToldMap } from './told.ts';

export interface PagePlan {
  readonly entries: readonly OutboxEntry[];
  readonly told: ToldMap;
  /** Alerts that began to fire and are told to nobody, with the reason. */
  readonly muted: readonly { readonly alert: TrackedAlert; readonly target: string; readonly reason: string }[];
}

export interface PlanInput {
  readonly rules: readonly Rule[];
  /** The alerts before and after the range, by `alertKey`. */
  readonly before: ReadonlyMap<string, TrackedAlert>;
  readonly after: ReadonlyMap<string, TrackedAlert>;
  readonly changes: readonly AlertChange[];
  readonly lastMinuteMs: number;
  readonly targets: readonly PageTarget[];
  readonly told: ToldMap;
  readonly mutes: readonly Mute[];
  readonly routing: Pick<RoutingConfig, 'group' | 'flapping' | 'inhibit'>;
  readonly linksFor: LinksFor;
  readonly nowMs: number;
}

/**
 * Returns what is owed so that every target believes what is true: minute by minute, the firing alerts of each group
 * that nothing mutes are compared with what the target was told last. Pure, and the ids follow from the episodes:
 * deciding a minute again owes nothing new, and a start after a crash owes exactly what is missing.
 */
export function planPages(input: PlanInput): PagePlan {
  const { changes, after, lastMinuteMs } = input;
  const told = new Map(input.told);
  const entries: OutboxEntry[] = [];
  const muted: PagePlan['muted'][number][] = [];
  const rules = new Map(input.rules.map((rule) => [rule.alert, rule]));
  const byMinute = groupBy(changes, ({ atMs }) => atMs);
  const minutes = [...new Set([...byMinute.keys(), lastMinuteMs])].sort((left, right) => left - right);
  const current = new Map(input.before);
  for (const atMs of minutes) {
    const happened = byMinute.get(atMs) ?? [];
    for (const { alert } of happened) current.set(alertKey(alert.alert, alert.scopeKey), alert);
    const alerts = atMs === lastMinuteMs ? after : current;
    const conditions = new Map(happened.map((change) => [change.alert.state.episode, change.conditions]));
    const began = new Set(
      happened.filter(({ transition }) => transition === 'firing').map(({ alert }) => alert.state.episode),
    );
    for (const target of input.targets) {
      const minute = { input, target, atMs, alerts, rules, conditions };
      const { groups, silent } = groupsOf(minute);
      muted.push(...silent.filter(({ alert }) => began.has(alert.state.episode)));
      const keys = new Set([...groups.keys(), ...openKeys(told, target.id)]);
      for (const dedupKey of keys) {
        const key = toldKey(target.id, dedupKey);
        const step = stepGroup({ ...minute, dedupKey, last: told.get(key), group: groups.get(dedupKey) ?? EMPTY });
        if (step === undefined) continue;
        entries.push(step.entry);
        told.set(key, step.told);
      }
    }
  }
  return { entries, told, muted };
}

interface Minute {
  readonly input: PlanInput;
  readonly target: PageTarget;
  readonly atMs: number;
  readonly alerts: ReadonlyMap<string, TrackedAlert>;
  readonly rules: ReadonlyMap<string, Rule>;
  /** By episode, of the changes of this minute. */
  readonly conditions: ReadonlyMap<string, readonly string[]>;
}

interface Group {
  readonly all: readonly Member[];
  /** Those that nothing mutes. */
  readonly audible: readonly Member[];
}

const EMPTY: Group = { all: [], audible: [] };

function groupsOf(minute: Minute): {
  readonly groups: ReadonlyMap<string, Group>;
  readonly silent: PagePlan['muted'];
} {
  const { input, target, atMs, alerts, rules } = minute;
  const members = [...alerts.values()].flatMap((alert): readonly Member[] => {
    const rule = isFiring(alert.state) ? rules.get(alert.alert) : undefined;
    const isMine = rule?.actions.some((action) => target.actions.includes(action)) === true;
    return rule !== undefined && isMine ? [{ rule, alert }] : [];
  });
  const reasons = new Map(
    members.map(({ alert }) => [alert, input.mutes.map((mute) => mute(alert, atMs)).find((why) => why !== undefined)]),
  );
  const critical = new Set(
    members.flatMap(({ rule, alert }) =>
      rule.severity === 'critical' && reasons.get(alert) === undefined ? [alert.instance.model] : [],
    ),
  );
  for (const { rule, alert } of members) {
    const isInhibited = input.routing.inhibit && rule.severity !== 'critical' && critical.has(alert.instance.model);
    if (isInhibited && reasons.get(alert) === undefined) reasons.set(alert, 'a critical alert of the model fires');
  }
  const grouped = groupBy(members, ({ rule, alert }) => groupKeyOf(alert, rule.owner ?? '', target.groupBy));
  const groups = new Map(
    [...grouped].map(([key, all]) => [
      key,
      { all, audible: all.filter(({ alert }) => reasons.get(alert) === undefined) },
    ]),
  );
  const silent = members.flatMap(({ alert }) => {
    const reason = reasons.get(alert);
    return reason === undefined ? [] : [{ alert, target: target.id, reason }];
  });
  return { groups, silent };
}

function openKeys(told: ToldMap, target: string): readonly string[] {
  return [...told.values()].flatMap((one) => (one.target === target && isOpenPage(one) ? [one.dedupKey] : []));
}

interface GroupStep extends Minute {
  readonly dedupKey: string;
  readonly last: Told | undefined;
  readonly group: Group;
}

type Owed = ReturnType<typeof owe>;

function stepGroup(step: GroupStep): Owed | undefined {
  return isOpenPage(step.last) ? stepOpen(step, step.last) : open(step);
}

function open(step: GroupStep): Owed | undefined {
  const { input, last, group, atMs } = step;
  const { wait } = input.routing.group;
  const firstMs = Math.min(...group.audible.map(({ alert }) => alert.state.firingSinceMs));
  if (group.audible.length === 0 || atMs - firstMs < wait) return undefined;
  const recent = (last?.message.recentMs ?? []).filter((pagedMs) => atMs - pagedMs < input.routing.flapping.within);
  return trigger(step, { members: group.audible, fresh: group.audible, recentMs: [...recent, atMs] });
}

function stepOpen(step: GroupStep, last: Told): Owed | undefined {
  const { input, target, group, atMs } = step;
  const known = toldEpisodes(last);
  const isKnown = ({ alert }: Member): boolean => known.has(alert.state.episode);
  const fresh = group.audible.filter((member) => !isKnown(member));
  const still = group.all.filter(isKnown);
  if (fresh.length > 0) {
    return trigger(step, { members: [...still, ...fresh], fresh, recentMs: last.message.recentMs });
  }
  // Told in a run that was cut off, about a minute that is decided again only later.
  if (still.length === 0 && last.message.atMs > atMs) return undefined;
  if (still.length === 0) return mustHold(step, last) ? undefined : resolve(step, last);
  if (target.refreshMs === undefined || atMs - last.occurredMs < target.refreshMs) return undefined;
  // Seconds since 1970 are beyond every revision that attempts can make, and grow from refresh to refresh.
  const again = Math.max(last.revision + 1, Math.floor(atMs / 1000));
  const due = owe({ target: target.id, message: last.message, last, nowMs: input.nowMs, again });
  return { entry: { ...due.entry, occurredMs: atMs }, told: { ...due.told, occurredMs: atMs } };
}

function trigger(
  step: GroupStep,
  page: {
    readonly members: readonly Member[];
    readonly fresh: readonly Member[];
    readonly recentMs: readonly number[];
  },
): Owed | undefined {
  const { input, target, dedupKey, last, conditions } = step;
  const [oldest] = page.fresh.toSorted(
    (left, right) => left.alert.state.firingSinceMs - right.alert.state.firingSinceMs,
  );
  if (oldest === undefined) return undefined;
  const { episode, firingSinceMs: atMs } = oldest.alert.state;
  const { members, recentMs } = page;
  const message = triggerOf({ members, dedupKey, episode, atMs, conditions, recentMs, linksFor: input.linksFor });
  return message && owe({ target: target.id, message, last, nowMs: input.nowMs });
}

function resolve({ input, target, atMs }: GroupStep, last: Told): Owed {
  const message = { ...last.message, action: 'resolve', atMs } as const;
  return owe({ target: target.id, message, last, nowMs: input.nowMs });
}

/** A group that was paged too often lately must first have been quiet for a while. */
function mustHold({ input, alerts, atMs }: GroupStep, { message }: Told): boolean {
  const { pages, within, hold } = input.routing.flapping;
  const lately = message.recentMs.filter((pagedMs) => atMs - pagedMs < within + hold);
  if (lately.length < pages) return false;
  const ends = message.alerts.map((one) => alerts.get(alertKey(one.alert, one.scopeKey))?.state.resolvedAtMs ?? 0);
  return atMs - Math.max(...ends) < hold;
}
