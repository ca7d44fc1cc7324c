import { z } from 'zod';

/** The columns that tell one series of signals from another. */
export const SIGNAL_SCOPE = 'signal, model, version, feature, segment, gpu';

/** The same columns in an answer. */
export const signalScope = z.object({
  signal: z.string(),
  model: z.string(),
  version: z.string(),
  feature: z.string(),
  segment: z.string(),
  gpu: z.string(),
});

/** Condition: the series is at one of the levels `model`, `version`, `feature`, `segment`, `gpu` of parameter `levels`. */
export const AT_LEVELS =
  "multiIf(feature != '', 'feature', gpu != '', 'gpu', segment != '', 'segment', version != '', 'version', 'model') IN {levels:Array(String)}";
