import { createHash } from 'node:crypto';
import type { SignalScope } from '../signals/signal-definition.ts';
import type { RuleScope } from './rule.ts';

/** The one model, version, segment or GPU that an alert is about; columns that do not apply are empty. */
export interface ScopeInstance {
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly gpu: string;
}

const DEDUP_KEY_LIMIT = 255;

/** Returns the name of an instance within its alert: `m`, `m@3`, `m[carrier=AA]`, `m[GPU-1]` or `fleet`. */
export function scopeKeyOf(scope: RuleScope, instance: ScopeInstance): string {
  const { model, version, segment, gpu } = instance;
  const keys = {
    model,
    version: `${model}@${version}`,
    segment: `${model}[${segment}]`,
    gpu: `${model}[${gpu}]`,
    fleet: 'fleet',
  };
  return keys[scope];
}

/**
 * Returns the key by which a receiver tells alerts apart, at most 255 characters: the same for every episode of an
 * alert and scope, for trigger and resolve, before and after a restart.
 */
export function dedupKeyOf(alert: string, scopeKey: string): string {
  const key = `plumbline/${alert}/${scopeKey}`;
  if (key.length <= DEDUP_KEY_LIMIT) return key;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  // Cut by bytes: a character cut in two becomes one replacement character, never half a surrogate pair.
  return `${Buffer.from(key)
    .subarray(0, DEDUP_KEY_LIMIT - 33)
    .toString()}~${digest}`;
}

/** Returns the name of one episode: alert, scope and the first minute in which the condition held. */
export function episodeOf(alert: string, scopeKey: string, pendingSinceMs: number): string {
  return `${alert}/${scopeKey}/${new Date(pendingSinceMs).toISOString().slice(0, 16)}Z`;
}

/** Returns the level at which a rule of that scope reads a signal: its own where the signal has it, else the model. */
export function levelOf(scope: RuleScope, levels: readonly SignalScope[]): 'model' | 'version' | 'segment' | 'gpu' {
  if (scope === 'fleet' || scope === 'model') return 'model';
  return levels.includes(scope) ? scope : 'model';
}

/** Returns whether only the features of a model have values of a signal with these levels, not the model itself. */
export function isPerFeature(levels: readonly SignalScope[]): boolean {
  return levels.includes('feature') && !levels.includes('model');
}

/** Returns whether an instance is the whole fleet. A GPU that serves no known model is not. */
export function isFleet(instance: ScopeInstance): boolean {
  return instance.model === '' && instance.gpu === '';
}

/** Returns whether a signal with values at these levels has values of the scope itself. */
export function isOwnSignal(scope: RuleScope, levels: readonly SignalScope[]): boolean {
  return scope === 'fleet' || levelOf(scope, levels) === scope;
}
