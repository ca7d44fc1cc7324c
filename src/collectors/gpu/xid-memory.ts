import type { GpuDevice } from './gpu-devices.ts';

interface XidState {
  readonly code: number | undefined;
  readonly counts: ReadonlyMap<string, number>;
  readonly seenMs: number;
}

const FORGET_AFTER_MS = 6 * 3_600_000;

/**
 * Turns the two ways in which exporters tell XID errors, the last code and the counts of a sliding window, into the
 * number of new errors since the last reading of a GPU.
 */
export class XidMemory {
  readonly #states = new Map<string, XidState>();

  /**
   * Returns how many XID errors are new, or undefined when the GPU tells none. The first reading gives 0: whatever
   * code it shows is of unknown age. An error with the same code as the last one shows only in the counts.
   */
  changes(device: GpuDevice, nowMs: number): number | undefined {
    const code = device.values.get('xid_code');
    const key = `${device.node}/${device.id}`;
    const before = this.#states.get(key);
    if (code === undefined && device.xidCounts.size === 0 && before === undefined) return undefined;
    this.#states.set(key, { code: code ?? before?.code, counts: device.xidCounts, seenMs: nowMs });
    if (before === undefined) return 0;
    const byCode = code !== undefined && code !== 0 && before.code !== undefined && code !== before.code ? 1 : 0;
    return Math.max(byCode, increase(before.counts, device.xidCounts));
  }

  /** Forgets GPUs that have not been read for six hours. */
  forget(nowMs: number): void {
    for (const [key, state] of this.#states) {
      if (nowMs - state.seenMs > FORGET_AFTER_MS) this.#states.delete(key);
    }
  }
}

/** Counts fall when errors leave the window; only a rise is news. XID 0 is "no error". */
function increase(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [xid, count] of now) {
    if (xid !== '0') sum += Math.max(0, count - (before.get(xid) ?? 0));
  }
  return sum;
}
