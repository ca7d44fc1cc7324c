import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Fetch } from '../post-json.ts';

/** What a target is made of beside its settings. */
export interface TargetOptions {
  readonly id: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

export const httpUrl = z.url({ protocol: /^https?$/ });
export const secretText = z.string().min(1).describe('A secret. Give it as ${ENV} or file:.');
export const timeoutSeconds = z.number().min(0.05).max(60).default(20).describe('How long one attempt may take.');

/** How often a training system is asked at most. */
export const RATE = { perSecond: 1, burst: 5 } as const;

/** Returns an address without the slashes at its end. */
export function baseOf(url: string): string {
  return url.replace(/\/+$/, '');
}
