import { deepchecks } from './deepchecks.ts';
import { evidently } from './evidently.ts';
import { nannyml } from './nannyml.ts';
import type { Profile, ProfileId } from './profile.ts';
import { robust } from './robust.ts';
import { scouter } from './scouter.ts';
import { textbook } from './textbook.ts';
import { whylabs } from './whylabs.ts';

/** Every profile by its id. */
export const PROFILES: Readonly<Record<ProfileId, Profile>> = {
  robust,
  textbook,
  evidently,
  nannyml,
  whylabs,
  scouter,
  deepchecks,
};
