import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';

/** A colour from a value on; `null` is the colour below all others. */
export interface Step {
  readonly value: number | null;
  readonly color: string;
}

/** Returns the builder of absolute thresholds. */
export function thresholds(steps: readonly Step[]): Builder<ThresholdsConfig> {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps.map((step) => ({ ...step })));
}

/** Bands of the population stability index: from 0.1 on moved, from 0.25 on moved a lot (Siddiqi, Credit Risk Scorecards). */
export const PSI_STEPS: readonly Step[] = [
  { value: null, color: 'green' },
  { value: 0.1, color: 'orange' },
  { value: 0.25, color: 'red' },
];

/** No judgement. */
export const PLAIN_STEPS: readonly Step[] = [{ value: null, color: 'blue' }];
