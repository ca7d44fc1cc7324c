import type { Gauge } from 'prom-client';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { GpuCoverage } from './gpu-coverage.ts';

const FORGET_AFTER_MS = 600_000;

/** Shows how far the join from GPUs to models reaches on each node, until a node was silent for ten minutes. */
export class CoverageGauge {
  readonly #gauge: Gauge;
  readonly #seenMs = new Map<string, number>();

  constructor(telemetry: Telemetry) {
    this.#gauge = telemetry.gauge(
      'plumbline_ingest_gpu_parts',
      'GPUs and MIG instances of a node: joined to a model (attributed), held by a pod of no known model (unattributed), or free (idle).',
      ['node', 'join'],
    );
  }

  show(coverageByNode: ReadonlyMap<string, GpuCoverage>, nowMs: number): void {
    for (const [node, coverage] of coverageByNode) {
      this.#seenMs.set(node, nowMs);
      for (const [join, count] of Object.entries(coverage)) this.#gauge.set({ node, join }, count);
    }
    for (const [node, seenMs] of this.#seenMs) {
      if (nowMs - seenMs <= FORGET_AFTER_MS) continue;
      this.#seenMs.delete(node);
      for (const join of ['attributed', 'unattributed', 'idle']) this.#gauge.remove({ node, join });
    }
  }
}
