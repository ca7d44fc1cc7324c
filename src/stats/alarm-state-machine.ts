import { isAtLeast, type Level } from './levels.ts';

/** What an alarm remembers between windows; plain data, to be stored as it is. */
export type AlarmState = {
  readonly active: boolean;
  /** Whether each of the last evaluated windows was at the floor or above, newest last. */
  readonly recent: readonly boolean[];
  /** Evaluated windows below the floor in a row since the last one above. */
  readonly clean: number;
  /** Most severe level of the active episode; null when not active. */
  readonly peak: Level | null;
};

/** When an alarm rises and clears. */
export type AlarmOptions = {
  /** Windows at the floor or above, among the last `raiseWindows`, that raise; default 2. */
  readonly raiseCount?: number;
  /** Default 3. */
  readonly raiseWindows?: number;
  /** Windows below the floor in a row that clear; default 3. */
  readonly clearCount?: number;
  /** Default `minor`. */
  readonly floor?: Level;
};

/** Start of an episode, its end, or neither. */
export type AlarmEvent = 'raise' | 'clear' | null;

/** An alarm that has seen no window. */
export const QUIET: AlarmState = { active: false, recent: [], clean: 0, peak: null };

/**
 * Moves an alarm by one window and says whether an episode begins or ends.
 *
 * Windows without a verdict (null, `insufficient_data`) change nothing. Raises when the newest window is at the floor
 * and enough of the last ones are; clears after enough clean ones in a row. One page an episode: `peak` only rises.
 */
export function alarmStep(
  state: AlarmState,
  level: Level | null,
  options: AlarmOptions = {},
): { readonly state: AlarmState; readonly event: AlarmEvent } {
  if (level === null || level === 'insufficient_data') return { state, event: null };
  const { raiseCount = 2, raiseWindows = 3, clearCount = 3, floor = 'minor' } = options;
  const hit = isAtLeast(level, floor);
  const recent = [...state.recent, hit].slice(-raiseWindows);
  const clean = hit ? 0 : state.clean + 1;
  if (state.active) {
    if (clean >= clearCount) return { state: { active: false, recent, clean, peak: null }, event: 'clear' };
    const peak = state.peak !== null && isAtLeast(state.peak, level) ? state.peak : level;
    return { state: { active: true, recent, clean, peak }, event: null };
  }
  const raises = hit && recent.filter(Boolean).length >= raiseCount;
  if (!raises) return { state: { active: false, recent, clean, peak: null }, event: null };
  return { state: { active: true, recent, clean, peak: level }, event: 'raise' };
}

/** Replays an alarm over a series of windows; events carry the index of their window. */
export function alarmStateMachine(
  levels: readonly (Level | null)[],
  options: AlarmOptions = {},
): {
  readonly states: readonly ('ok' | 'active')[];
  readonly events: readonly (readonly [index: number, event: 'raise' | 'clear'])[];
} {
  const states: ('ok' | 'active')[] = [];
  const events: (readonly [number, 'raise' | 'clear'])[] = [];
  let state = QUIET;
  for (const [index, level] of levels.entries()) {
    const step = alarmStep(state, level, options);
    state = step.state;
    states.push(state.active ? 'active' : 'ok');
    if (step.event !== null) events.push([index, step.event]);
  }
  return { states, events };
}
