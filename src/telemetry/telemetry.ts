import { type Meter, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import type { Registry } from 'prom-client';
import { Counter, Gauge, Histogram } from 'prom-client';
import { describeError } from '../core/errors.ts';

export type { Meter };

/** The service's own metrics and spans. Units: seconds, bytes, counts. */
export class Telemetry {
  readonly registry: Registry;
  readonly #tracer: Tracer;
  readonly #durations: Histogram;
  readonly #failures: Counter;
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #readers = new Map<string, () => number>();
  readonly #histograms = new Map<string, Histogram>();

  constructor(registry: Registry) {
    this.registry = registry;
    this.#tracer = trace.getTracer('plumbline');
    this.#durations = new Histogram({
      name: 'plumbline_operation_duration_seconds',
      help: 'Duration of an operation of the service in seconds.',
      labelNames: ['area', 'operation'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers: [registry],
    });
    this.#failures = new Counter({
      name: 'plumbline_operation_failures_total',
      help: 'Operations of the service that failed.',
      labelNames: ['area', 'operation'],
      registers: [registry],
    });
  }

  /** Runs `action` inside a span named `area.operation` and records its duration; a fault marks the span and passes on. */
  async observe<T>(area: string, operation: string, action: (span: Span) => Promise<T>): Promise<T> {
    const stop = this.#durations.startTimer({ area, operation });
    return this.#tracer.startActiveSpan(`${area}.${operation}`, async (span) => {
      try {
        return await action(span);
      } catch (error) {
        this.#failures.inc({ area, operation });
        span.setStatus({ code: SpanStatusCode.ERROR, message: describeError(error) });
        throw error;
      } finally {
        stop();
        span.end();
      }
    });
  }

  /** Returns the counter of that name, made at first use. Names: plumbline_<noun>_<unit>_total. */
  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    const known = this.#counters.get(name);
    if (known !== undefined) return known;
    const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    this.#counters.set(name, counter);
    return counter;
  }

  /** Shows a gauge whose value is asked for at every scrape; registered again, the new reader replaces the old one. */
  gaugeOf(name: string, help: string, read: () => number): void {
    const isNew = !this.#readers.has(name);
    this.#readers.set(name, read);
    if (!isNew) return;
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => gauge.set(this.#readers.get(name)?.() ?? 0),
    });
  }

  /** Returns the histogram of that name, made at first use with these upper bounds. */
  histogram(name: string, help: string, labelNames: readonly string[], buckets: readonly number[]): Histogram {
    const known = this.#histograms.get(name);
    if (known !== undefined) return known;
    const histogram = new Histogram({
      name,
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.registry],
    });
    this.#histograms.set(name, histogram);
    return histogram;
  }

  /** Returns the gauge of that name, made at first use. */
  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    const known = this.#gauges.get(name);
    if (known !== undefined) return known;
    const gauge = new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
    this.#gauges.set(name, gauge);
    return gauge;
  }
}
