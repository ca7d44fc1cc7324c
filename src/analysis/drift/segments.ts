import type { KindOverrides } from './kind.ts';
import type { Measured } from './measure.ts';
import type { Profile } from './profiles/profile.ts';
import type { SegmentReport } from './report.ts';
import type { DriftSession } from './session.ts';

export async function readSegments(_input: {
  readonly session: DriftSession;
  readonly measured: Measured;
  readonly profile: Profile;
  readonly q: number;
  readonly overrides: KindOverrides;
}): Promise<ReadonlyMap<number, readonly SegmentReport[]>> {
  return new Map();
}
