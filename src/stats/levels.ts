/** Levels of a drift verdict in ascending order of severity; `insufficient_data` means no verdict. */
export const LEVELS = ['insufficient_data', 'stable', 'negligible', 'minor', 'moderate', 'major'] as const;

/** Level of a drift verdict. */
export type Level = (typeof LEVELS)[number];

/** Noise-corrected PSI and Kolmogorov-Smirnov distance at which a level starts; either one is enough. */
export type Floor = { readonly psi: number; readonly ks: number };

/** Where the three levels that matter start. */
export type Floors = { readonly minor: Floor; readonly moderate: Floor; readonly major: Floor };

/** Floors of single features, and of all others. */
export type FeatureFloors = { readonly others: Floors; readonly features: Readonly<Record<string, Floors>> };

/**
 * Default floors: 0.02 / 0.05 is a mean shift of about 0.14 standard deviations, 0.1 / 0.1 of 0.32, 0.25 / 0.2 of 0.5.
 */
export const DEFAULT_FLOORS: Floors = {
  minor: { psi: 0.02, ks: 0.05 },
  moderate: { psi: 0.1, ks: 0.1 },
  major: { psi: 0.25, ks: 0.2 },
};

/**
 * Returns the level of a feature that was tested: `stable` unless rejected, then by the larger of two effect sizes.
 *
 * @param evidence.dCorrected  Null for categorical features.
 */
export function levelOf(
  evidence: { readonly rejected: boolean; readonly psiCorrected: number; readonly dCorrected: number | null },
  floors: Floors = DEFAULT_FLOORS,
): Level {
  if (!evidence.rejected) return 'stable';
  const reaches = (floor: Floor): boolean =>
    evidence.psiCorrected >= floor.psi || (evidence.dCorrected !== null && evidence.dCorrected >= floor.ks);
  if (reaches(floors.major)) return 'major';
  if (reaches(floors.moderate)) return 'moderate';
  return reaches(floors.minor) ? 'minor' : 'negligible';
}

/** Returns where the levels of one feature start; the default floors when nothing is said. */
export function floorsOf(floors: FeatureFloors | undefined, feature: string): Floors {
  if (floors === undefined) return DEFAULT_FLOORS;
  return Object.hasOwn(floors.features, feature) ? (floors.features[feature] ?? floors.others) : floors.others;
}

/** Returns true when `level` is at least as severe as `floor`. */
export function isAtLeast(level: Level, floor: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(floor);
}

/** Returns the most severe level; `insufficient_data` for an empty list. */
export function worstLevel(levels: Iterable<Level>): Level {
  let worst: Level = 'insufficient_data';
  for (const level of levels) if (isAtLeast(level, worst)) worst = level;
  return worst;
}

/** Returns true when the text is a level. */
export function isLevel(text: unknown): text is Level {
  return LEVELS.some((level) => level === text);
}
