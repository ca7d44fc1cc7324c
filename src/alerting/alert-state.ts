import type { Verdict } from './evaluate-condition.ts';

/** `keep_firing`: the condition is gone, but not yet for long enough to resolve. */
export type AlertPhase = 'inactive' | 'pending' | 'firing' | 'keep_firing' | 'resolved';

export type AlertTransition = 'pending' | 'cancelled' | 'firing' | 'keep_firing' | 'firing_again' | 'resolved';

/** What is remembered of one alert and scope from minute to minute; plain data. Times in epoch ms, 0 for never. */
export interface AlertState {
  readonly phase: AlertPhase;
  readonly episode: string;
  readonly pendingSinceMs: number;
  readonly firingSinceMs: number;
  readonly lastTrueMs: number;
  readonly resolvedAtMs: number;
  readonly evaluatedMinuteMs: number;
}

/** An alert that was never true. */
export const INACTIVE: AlertState = {
  phase: 'inactive',
  episode: '',
  pendingSinceMs: 0,
  firingSinceMs: 0,
  lastTrueMs: 0,
  resolvedAtMs: 0,
  evaluatedMinuteMs: 0,
};

const MINUTE_MS = 60_000;

export interface AlertStep {
  readonly verdict: Verdict;
  readonly minuteMs: number;
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Names the episode that begins in a minute. */
  readonly episodeAt: (minuteMs: number) => string;
}

export interface AlertStepResult {
  readonly state: AlertState;
  readonly transitions: readonly AlertTransition[];
}

/**
 * Moves an alert by one minute, with the timing of Prometheus: it fires in the first minute at least `for` after the
 * first true one, and resolves in the first minute at least `keep_firing_for` after the first that was not true.
 * A minute that was already evaluated changes nothing; a gap between minutes starts a pending alert anew, because
 * nobody saw the condition hold in it.
 */
export function stepAlert(state: AlertState, step: AlertStep): AlertStepResult {
  if (step.minuteMs <= state.evaluatedMinuteMs) return { state, transitions: [] };
  const moved = step.verdict === 'true' ? stepTrue(state, step) : stepNotTrue(state, step);
  return { ...moved, state: { ...moved.state, evaluatedMinuteMs: step.minuteMs } };
}

/** Returns whether the alert counts as firing: its receivers were told, and not yet told that it is over. */
export function isFiring(state: AlertState): boolean {
  return state.phase === 'firing' || state.phase === 'keep_firing';
}

/** Returns whether the alert must be followed even when its signals are gone. */
export function isOpen(state: AlertState): boolean {
  return isFiring(state) || state.phase === 'pending';
}

function stepTrue(state: AlertState, step: AlertStep): AlertStepResult {
  const { minuteMs } = step;
  if (state.phase === 'firing') return { state: { ...state, lastTrueMs: minuteMs }, transitions: [] };
  if (state.phase === 'keep_firing') {
    return { state: { ...state, phase: 'firing', lastTrueMs: minuteMs }, transitions: ['firing_again'] };
  }
  const hasGap = minuteMs - state.evaluatedMinuteMs > MINUTE_MS;
  const continues = state.phase === 'pending' && !hasGap;
  const pending: AlertState = continues
    ? { ...state, lastTrueMs: minuteMs }
    : {
        ...INACTIVE,
        phase: 'pending',
        episode: step.episodeAt(minuteMs),
        pendingSinceMs: minuteMs,
        lastTrueMs: minuteMs,
      };
  const begun: readonly AlertTransition[] = continues ? [] : ['pending'];
  if (minuteMs - pending.pendingSinceMs < step.forMs) return { state: pending, transitions: begun };
  return { state: { ...pending, phase: 'firing', firingSinceMs: minuteMs }, transitions: [...begun, 'firing'] };
}

function stepNotTrue(state: AlertState, { minuteMs, keepFiringForMs }: AlertStep): AlertStepResult {
  if (state.phase === 'pending') return { state: { ...state, phase: 'inactive' }, transitions: ['cancelled'] };
  if (!isFiring(state)) return { state, transitions: [] };
  const goneSinceMs = state.lastTrueMs + MINUTE_MS;
  if (minuteMs - goneSinceMs < keepFiringForMs) {
    const transitions: readonly AlertTransition[] = state.phase === 'firing' ? ['keep_firing'] : [];
    return { state: { ...state, phase: 'keep_firing' }, transitions };
  }
  return { state: { ...state, phase: 'resolved', resolvedAtMs: minuteMs }, transitions: ['resolved'] };
}
