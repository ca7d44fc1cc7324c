import { type GpuShare, usableShares } from './gpu-shares.ts';

/** GPUs and MIG instances by what the join from GPU to pod to model found. */
export interface GpuCoverage {
  readonly attributed: number;
  /** Held by a pod that belongs to no known model. */
  readonly unattributed: number;
  /** Held by no pod. */
  readonly idle: number;
}

const NONE: GpuCoverage = { attributed: 0, unattributed: 0, idle: 0 };

/** Returns the coverage together with the parts of one more GPU. */
export function addCoverage(before: GpuCoverage | undefined, shares: readonly GpuShare[]): GpuCoverage {
  const parts = new Set(usableShares(shares).map(({ part }) => part));
  let { attributed, unattributed, idle } = before ?? NONE;
  for (const part of parts) {
    const own = shares.filter((share) => share.part === part);
    if (own.some(({ model }) => model !== '')) attributed += 1;
    else if (own.some(({ pod }) => pod !== '')) unattributed += 1;
    else idle += 1;
  }
  return { attributed, unattributed, idle };
}

/** Returns the sum of coverages. */
export function totalCoverage(coverages: readonly GpuCoverage[]): GpuCoverage {
  const sum = (key: keyof GpuCoverage): number => coverages.reduce((total, coverage) => total + coverage[key], 0);
  return { attributed: sum('attributed'), unattributed: sum('unattributed'), idle: sum('idle') };
}
