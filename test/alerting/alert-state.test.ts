import { expect, test } from 'vitest';
import { type AlertState, type AlertTransition, INACTIVE, stepAlert } from '../../src/alerting/alert-state.ts';

const START = Date.UTC(2026, 10, 21, 10, 0);
const MINUTE = 60_000;
const VERDICTS = { t: 'true', f: 'false', n: 'no_data' } as const;

/** Steps through minutes given as letters (t, f, n); a dot is a minute that nobody evaluated. */
function replay(
  letters: string,
  options: { readonly forMinutes?: number; readonly keepMinutes?: number; readonly from?: AlertState } = {},
) {
  let state = options.from ?? INACTIVE;
  const phases: string[] = [];
  const transitions: (readonly [number, AlertTransition])[] = [];
  const episodes = new Set<string>();
  for (const [index, letter] of letters.split('').entries()) {
    if (letter !== 't' && letter !== 'f' && letter !== 'n') {
      phases.push('.');
      continue;
    }
    const result = stepAlert(state, {
      verdict: VERDICTS[letter],
      minuteMs: START + index * MINUTE,
      forMs: (options.forMinutes ?? 0) * MINUTE,
      keepFiringForMs: (options.keepMinutes ?? 0) * MINUTE,
      episodeAt: (minuteMs) => `e${(minuteMs - START) / MINUTE}`,
    });
    state = result.state;
    phases.push({ inactive: 'i', pending: 'p', firing: 'F', keep_firing: 'K', resolved: 'r' }[state.phase]);
    transitions.push(...result.transitions.map((transition) => [index, transition] as const));
    if (state.episode !== '') episodes.add(state.episode);
  }
  return { state, phases: phases.join(''), transitions, episodes: [...episodes] };
}

test.each([
  { name: 'fires at once without for', letters: 'ftt', forMinutes: 0, keepMinutes: 0, phases: 'iFF' },
  {
    name: 'fires in the minute that is for after the first true one',
    letters: 'tttttttf',
    forMinutes: 5,
    keepMinutes: 0,
    phases: 'pppppFFr',
  },
  {
    name: 'starts for anew after one false minute',
    letters: 'ttftttt',
    forMinutes: 3,
    keepMinutes: 0,
    phases: 'ppipppF',
  },
  {
    name: 'counts a minute without data as not true while pending',
    letters: 'ttntttt',
    forMinutes: 3,
    keepMinutes: 0,
    phases: 'ppipppF',
  },
  {
    name: 'resolves at once without keep_firing_for',
    letters: 'ttfff',
    forMinutes: 0,
    keepMinutes: 0,
    phases: 'FFrrr',
  },
  {
    name: 'keeps firing until keep_firing_for after the first false minute',
    letters: 'tffff',
    forMinutes: 0,
    keepMinutes: 3,
    phases: 'FKKKr',
  },
  {
    name: 'keeps firing through minutes without data',
    letters: 'tnnnn',
    forMinutes: 0,
    keepMinutes: 3,
    phases: 'FKKKr',
  },
  {
    name: 'stays one episode while it flaps faster than keep_firing_for',
    letters: 'tftftffft',
    forMinutes: 0,
    keepMinutes: 3,
    phases: 'FKFKFKKKF',
  },
  {
    name: 'waits for again after it has resolved',
    letters: 'tttfttt',
    forMinutes: 2,
    keepMinutes: 0,
    phases: 'ppFrppF',
  },
  {
    name: 'starts for anew after a gap that nobody evaluated',
    letters: 'tt..ttt',
    forMinutes: 2,
    keepMinutes: 0,
    phases: 'pp..ppF',
  },
  {
    name: 'goes on firing after a gap when the condition still holds',
    letters: 't..tf',
    forMinutes: 0,
    keepMinutes: 2,
    phases: 'F..FK',
  },
  {
    name: 'resolves after a gap longer than keep_firing_for',
    letters: 't.....f',
    forMinutes: 0,
    keepMinutes: 3,
    phases: 'F.....r',
  },
])('an alert $name', ({ letters, forMinutes, keepMinutes, phases }) => {
  expect(replay(letters, { forMinutes, keepMinutes }).phases).toBe(phases);
});

test('an episode is named after its first pending minute, and a new one begins after a resolve', () => {
  const { episodes, transitions } = replay('fttttfftt', { forMinutes: 1 });
  expect(episodes).toEqual(['e1', 'e7']);
  expect(transitions).toEqual([
    [1, 'pending'],
    [2, 'firing'],
    [5, 'resolved'],
    [7, 'pending'],
    [8, 'firing'],
  ]);
});

test('flapping within keep_firing_for tells nobody that it fired again', () => {
  const { transitions } = replay('tftff', { keepMinutes: 2 });
  expect(transitions).toEqual([
    [0, 'pending'],
    [0, 'firing'],
    [1, 'keep_firing'],
    [2, 'firing_again'],
    [3, 'keep_firing'],
  ]);
});

test('a minute that was already evaluated changes nothing, whatever it says now', () => {
  const { state } = replay('ttttt', { forMinutes: 2 });
  const again = replay('fffff', { forMinutes: 2, from: state });
  expect(again.state).toEqual(state);
  expect(again.transitions).toEqual([]);
});

test('minutes caught up in order after a stop give what they would have given without it', () => {
  const letters = 'fttttfftfffttttttfff';
  const options = { forMinutes: 2, keepMinutes: 2 };
  const whole = replay(letters, options);
  for (let stop = 1; stop < letters.length; stop += 1) {
    const before = replay(letters.slice(0, stop), options);
    const after = replay('.'.repeat(stop) + letters.slice(stop), { ...options, from: before.state });
    expect(after.state, `stopped after ${stop} minutes`).toEqual(whole.state);
    expect([...before.transitions, ...after.transitions]).toEqual(whole.transitions);
  }
});
