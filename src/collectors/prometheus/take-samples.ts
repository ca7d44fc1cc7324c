import type { GpuReading, GpuTelemetry } from '../gpu/gpu-telemetry.ts';
import type { ServingTelemetry } from '../serving/serving-telemetry.ts';
import type { MetricRow } from './metric-row.ts';
import type { MetricSample } from './metric-sample.ts';
import type { SampleWriter } from './sample-writer.ts';

/**
 * Hands samples of any source (a scrape, remote write, a query) to the writer: the rows that are stored as they are,
 * and the rows of GPUs and of serving runtimes that are derived from the samples. Samples without a time count as of `tsMs`.
 */
export function takeSamples(options: {
  readonly samples: readonly MetricSample[];
  /** What of the samples is stored in metric_samples; empty when that has happened. */
  readonly rows: readonly MetricRow[];
  readonly tsMs: number;
  readonly gpu: GpuTelemetry;
  readonly serving?: ServingTelemetry | undefined;
  readonly writer: SampleWriter;
}): GpuReading {
  const { samples, rows, tsMs, gpu, serving, writer } = options;
  const reading = gpu.read(samples, tsMs);
  writer.add('metric_samples', rows);
  writer.add('gpu_samples', reading.rows);
  writer.add('serving_samples', serving?.read(samples, tsMs).rows ?? []);
  return reading;
}
