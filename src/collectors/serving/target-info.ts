import type { Labels, MetricSample } from '../prometheus/metric-sample.ts';

const FORGET_AFTER_MS = 600_000;
const MAX_TARGETS = 20_000;

/**
 * Remembers for ten minutes the resource attributes that OpenTelemetry exporters put on `target_info` alone, and joins
 * them to the other series of the same job and instance.
 */
export class TargetInfo {
  readonly #targets = new Map<string, { readonly labels: Labels; readonly seenMs: number }>();

  learn(samples: readonly MetricSample[], tsMs: number): void {
    for (const { name, labels } of samples) {
      if (name !== 'target_info') continue;
      const key = keyOf(labels);
      if (!this.#targets.has(key) && this.#targets.size >= MAX_TARGETS) continue;
      this.#targets.set(key, { labels, seenMs: tsMs });
    }
    for (const [key, { seenMs }] of this.#targets) {
      if (tsMs - seenMs > FORGET_AFTER_MS) this.#targets.delete(key);
    }
  }

  /** Returns the labels of a series with those of its target; its own win. */
  joined(labels: Labels): Labels {
    const target = this.#targets.get(keyOf(labels));
    return target === undefined ? labels : { ...target.labels, ...labels };
  }
}

function keyOf(labels: Labels): string {
  return `${labels['job'] ?? ''}\u0000${labels['instance'] ?? ''}`;
}
