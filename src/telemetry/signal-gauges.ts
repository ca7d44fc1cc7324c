import { Gauge, type Registry } from 'prom-client';

/** One series of a signal: its labels and its newest value. */
export interface SignalSeries {
  readonly metric: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The newest values of the signals as gauges. A series that ended disappears instead of standing still. */
export class SignalGauges {
  readonly #registry: Registry;
  readonly #gauges = new Map<string, Gauge>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Replaces all series. */
  publish(series: readonly SignalSeries[]): void {
    for (const gauge of this.#gauges.values()) gauge.reset();
    for (const { metric, help, labelNames, labels, value } of series) {
      let gauge = this.#gauges.get(metric);
      if (gauge === undefined) {
        gauge = new Gauge({ name: metric, help, labelNames: [...labelNames], registers: [this.#registry] });
        this.#gauges.set(metric, gauge);
      }
      gauge.set(labels, value);
    }
  }
}
