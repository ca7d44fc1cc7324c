import { expect, test } from 'vitest';
import { type AlertState, INACTIVE } from '../../src/alerting/alert-state.ts';
import { alertKey, type TrackedAlert } from '../../src/alerting/evaluate-range.ts';
import type { GroupField, Mute } from '../../src/alerting/page-target.ts';
import { planPages } from '../../src/alerting/plan-pages.ts';
import { routingConfigSchema } from '../../src/alerting/routing-config.ts';
import type { ToldMap } from '../../src/alerting/told.ts';
import { MINUTE, ruleOf, START } from './rules.ts';

const rule = (name: string, severity: string) =>
  ruleOf(
    name,
    `severity: ${severity}\nfor: 1m\nactions: [page]\nwhen: { signal: gpu_utilization_ratio, above: 0.85 }\n`,
  );
const RULES = [rule('Burning', 'critical'), rule('Slow', 'critical'), rule('Stale', 'warning')];
const SEVERITY = new Map(RULES.map((one) => [one.alert, one.severity]));

/** A receiver and what it believes, driven minute by minute; `fire` names the alerts that fire in the minute. */
class Line {
  minute = 0;
  readonly sent: string[] = [];
  readonly muted: string[] = [];
  readonly bodies: string[] = [];
  mutes: readonly Mute[] = [];
  #told: ToldMap = new Map();
  #before: ReadonlyMap<string, TrackedAlert> = new Map();
  readonly #routing: Readonly<Record<string, unknown>>;
  readonly #target: { readonly groupBy: readonly GroupField[]; readonly refreshMs: number | undefined };

  constructor(
    routing: Readonly<Record<string, unknown>> = {},
    target: { readonly groupBy?: readonly GroupField[]; readonly refreshMs?: number } = {},
  ) {
    this.#routing = routing;
    this.#target = { groupBy: target.groupBy ?? ['model', 'severity'], refreshMs: target.refreshMs };
  }

  step(firing: readonly string[], minutes = 1): readonly string[] {
    const from = this.sent.length;
    for (let count = 0; count < minutes; count += 1) this.#one(firing);
    return this.sent.slice(from);
  }

  #one(firing: readonly string[]): void {
    const atMs = START + this.minute * MINUTE;
    const after = new Map(this.#before);
    for (const { alert } of RULES) {
      const key = alertKey(alert, 'm');
      const known = this.#before.get(key);
      const isFiring = firing.includes(alert);
      if (isFiring && known?.state.phase !== 'firing')
        after.set(
          key,
          tracked(alert, { ...INACTIVE, phase: 'firing', episode: `${alert}/${this.minute}`, firingSinceMs: atMs }),
        );
      if (!isFiring && known?.state.phase === 'firing')
        after.set(key, tracked(alert, { ...known.state, phase: 'resolved', resolvedAtMs: atMs }));
    }
    const changes = [...after].flatMap(([key, alert]) => {
      const found = RULES.find((one) => one.alert === alert.alert);
      if (alert === this.#before.get(key) || found === undefined) return [];
      const transition = alert.state.phase === 'firing' ? ('firing' as const) : ('resolved' as const);
      return [{ atMs, transition, rule: found, alert, verdict: 'true' as const, conditions: [`why ${alert.alert}`] }];
    });
    const plan = planPages({
      rules: RULES,
      before: this.#before,
      after,
      changes,
      lastMinuteMs: atMs,
      targets: [{ id: 't', actions: ['page'], ...this.#target }],
      told: this.#told,
      mutes: this.mutes,
      routing: routingConfigSchema.parse(this.#routing),
      linksFor: () => [],
      nowMs: atMs,
    });
    this.#told = plan.told;
    this.#before = after;
    this.sent.push(...plan.entries.map(({ action, dedupKey }) => `${this.minute} ${action} ${dedupKey}`));
    this.bodies.push(...plan.entries.map(({ body }) => body));
    this.muted.push(...plan.muted.map(({ alert, reason }) => `${this.minute} ${alert.alert}: ${reason}`));
    this.minute += 1;
  }
}

function tracked(alert: string, state: AlertState): TrackedAlert {
  return {
    alert,
    scopeKey: 'm',
    instance: { model: 'm', version: '', segment: '', gpu: '' },
    severity: SEVERITY.get(alert) ?? 'info',
    labels: {},
    state,
    values: {},
    summary: `${alert} of m`,
    revision: 1,
  };
}

test('alerts of one model that fire together are one page, which resolves when the last is over', () => {
  const line = new Line();
  expect(line.step(['Burning', 'Slow'])).toEqual(['0 trigger plumbline/m/critical']);
  expect(line.bodies[0]).toContain('Burning of m (and Slow)');
  expect(line.step(['Slow'], 5)).toEqual([]);
  expect(line.step([])).toEqual(['6 resolve plumbline/m/critical']);
});

test('an alert that joins an open page is told under its dedup_key', () => {
  const line = new Line();
  line.step(['Slow']);
  expect(line.step(['Slow', 'Burning'])).toEqual(['1 trigger plumbline/m/critical']);
  expect(line.step(['Slow', 'Burning'], 3)).toEqual([]);
});

test('groups of alert and scope keep the dedup_key of the alert', () => {
  const line = new Line({}, { groupBy: ['alert', 'scope'] });
  expect(line.step(['Burning', 'Slow'])).toEqual(['0 trigger plumbline/Burning/m', '0 trigger plumbline/Slow/m']);
});

test('a page waits for its group as long as it was told to', () => {
  const line = new Line({ group: { wait: '2m' } });
  expect(line.step(['Slow'])).toEqual([]);
  expect(line.step(['Slow', 'Burning'], 2)).toEqual(['2 trigger plumbline/m/critical']);
});

test('while a critical alert fires its warnings are silent, and told when only they are left', () => {
  const line = new Line();
  expect(line.step(['Burning', 'Stale'])).toEqual(['0 trigger plumbline/m/critical']);
  expect(line.muted).toEqual(['0 Stale: a critical alert of the model fires']);
  expect(line.step(['Stale'])).toEqual(
    ['1 resolve plumbline/m/critical', '1 trigger plumbline/m/warning'].toReversed(),
  );
});

test('without inhibition both are told', () => {
  const line = new Line({ inhibit: false });
  expect(line.step(['Burning', 'Stale'])).toHaveLength(2);
});

test('a muted alert is told when the silence ends and it still fires', () => {
  const line = new Line();
  line.mutes = [(alert) => (alert.alert === 'Slow' ? 'asked for' : undefined)];
  expect(line.step(['Slow'], 3)).toEqual([]);
  expect(line.muted).toEqual(['0 Slow: asked for']);
  line.mutes = [];
  expect(line.step(['Slow'], 2)).toEqual(['3 trigger plumbline/m/critical']);
});

test('a page that was told before the silence is still resolved', () => {
  const line = new Line();
  line.step(['Slow']);
  line.mutes = [() => 'asked for'];
  expect(line.step(['Slow'], 3)).toEqual([]);
  expect(line.step([])).toEqual(['4 resolve plumbline/m/critical']);
});

test('a group that flaps stays open until it has been quiet, and pages nobody anew', () => {
  const line = new Line({ flapping: { pages: 3, within: '1h', hold: '10m' } });
  for (let count = 0; count < 3; count += 1) {
    line.step(['Slow'], 2);
    line.step([], 2);
  }
  expect(line.sent.map((text) => text.split(' ')[1])).toEqual(['trigger', 'resolve', 'trigger', 'resolve', 'trigger']);
  // It fires again into the open page: the same dedup_key, no new page at the receiver.
  expect(line.step(['Slow'])).toEqual(['12 trigger plumbline/m/critical']);
  expect(line.step([], 10)).toEqual([]);
  expect(line.step([])).toEqual(['23 resolve plumbline/m/critical']);
});

test('a receiver that forgets hears again of what still fires, with revisions that grow', () => {
  const line = new Line({}, { groupBy: ['alert', 'scope'], refreshMs: 2 * MINUTE });
  expect(line.step(['Slow'], 6)).toEqual([
    '0 trigger plumbline/Slow/m',
    '2 trigger plumbline/Slow/m',
    '4 trigger plumbline/Slow/m',
  ]);
  expect(line.step([])).toEqual(['6 resolve plumbline/Slow/m']);
});
