import type { TargetGroup } from './target-group.ts';

export interface Discovered {
  /** All targets there are now; undefined when nothing could be found out, so that what was known stays. */
  readonly groups: readonly TargetGroup[] | undefined;
  /** What went wrong, without secrets; undefined when nothing did. */
  readonly fault: string | undefined;
}

/** Finds targets while the collector runs. */
export interface Discovery {
  /** Names it in logs and metrics. */
  readonly kind: 'file' | 'http' | 'kubernetes';
  readonly intervalMs: number;
  /** Finds out which targets there are now. Whatever happens is an answer, never a fault. */
  refresh(signal: AbortSignal): Promise<Discovered>;
}
