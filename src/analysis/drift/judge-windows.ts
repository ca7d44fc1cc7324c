import type { FeatureFloors } from '../../stats/levels.ts';
import { countFeatures, type Measured } from './measure.ts';
import type { FeatureWindow, Judgement, Profile } from './profiles/profile.ts';
import type { DriftSession } from './session.ts';

/** The features of one window with their verdicts. */
export type Judged = readonly {
  readonly feature: FeatureWindow;
  readonly judgement: Judgement;
  readonly prediction: boolean;
}[];

/** Counts and judges every window; features are one family, the prediction another. */
export async function judgeWindows(input: {
  readonly session: DriftSession;
  readonly measured: Measured;
  readonly profile: Profile;
  readonly q: number;
  readonly floors: FeatureFloors | undefined;
}): Promise<ReadonlyMap<number, Judged>> {
  const { session, measured, profile, q, floors } = input;
  const { prediction } = measured.frame;
  const counted = await countFeatures(session, measured, profile);
  return new Map(
    [...counted].map(([key, all]) => {
      const judgeFamily = (family: readonly FeatureWindow[], isPrediction: boolean): Judged =>
        profile.judge(family, { q, floors }).flatMap((judgement, index) => {
          const feature = family[index];
          return feature === undefined ? [] : [{ feature, judgement, prediction: isPrediction }];
        });
      const own = (feature: FeatureWindow): boolean => feature.column.id === prediction?.id;
      return [
        key,
        [
          ...judgeFamily(
            all.filter((feature) => !own(feature)),
            false,
          ),
          ...judgeFamily(all.filter(own), true),
        ],
      ] as const;
    }),
  );
}
