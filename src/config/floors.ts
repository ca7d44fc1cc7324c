import { z } from 'zod';
import { DEFAULT_FLOORS, type FeatureFloors, type Floor, type Floors } from '../stats/levels.ts';

const floorSchema = z.strictObject({
  psi: z.number().positive().optional().describe('Noise-corrected PSI from which a change has this level.'),
  ks: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe('Noise-corrected Kolmogorov-Smirnov distance from which a change has this level.'),
});

/** Where the levels of drift start; what is not given stays as it is. */
export const floorsSchema = z.strictObject({
  minor: floorSchema.optional(),
  moderate: floorSchema.optional(),
  major: floorSchema.optional(),
});

type GivenFloors = z.infer<typeof floorsSchema>;

/** Returns the floors that a model's configuration means, or undefined when it says nothing. */
export function featureFloors(model: {
  readonly drift: { readonly floors?: GivenFloors | undefined };
  readonly features?: Readonly<Record<string, { readonly floors?: GivenFloors | undefined }>> | undefined;
}): FeatureFloors | undefined {
  const { floors } = model.drift;
  const named = Object.entries(model.features ?? {}).flatMap(([name, feature]) =>
    feature.floors === undefined ? [] : [[name, feature.floors] as const],
  );
  if (floors === undefined && named.length === 0) return undefined;
  const others = merge(DEFAULT_FLOORS, floors ?? {});
  return { others, features: Object.fromEntries(named.map(([name, given]) => [name, merge(others, given)])) };
}

function merge(base: Floors, given: GivenFloors): Floors {
  const one = (level: keyof Floors): Floor => ({
    psi: given[level]?.psi ?? base[level].psi,
    ks: given[level]?.ks ?? base[level].ks,
  });
  return { minor: one('minor'), moderate: one('moderate'), major: one('major') };
}
