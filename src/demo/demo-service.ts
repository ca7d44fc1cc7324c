import type { DriftReport } from '../analysis/drift/report.ts';
import type { ConfigInput } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Store } from '../store/store.ts';

/** The running service as the demo needs it: everything else goes over HTTP. */
export interface DemoService {
  /** Where pages and ingest answer, without a slash at the end. */
  readonly url: string;
  readonly store: Store;
  /** Process of the embedded engine. */
  readonly enginePid: number | undefined;
  /** Makes the stored predictions of [fromMs, toMs) the reference of a model, and its bins from them. */
  setReference(model: string, fromMs: number, toMs: number): Promise<void>;
  /** Concludes stored history: signals, drift and quality of [fromMs, toMs). */
  evaluateRange(fromMs: number, toMs: number): Promise<void>;
  /** Evaluates the minute that begins at `minuteMs`: scrapes, signals, rules, deliveries. Its records are stored already. */
  onMinute(minuteMs: number): Promise<void>;
  /** Compares the months after the reference with it, over raw rows and by the textbook: exact PSI of deciles and exact KS. */
  driftByMonth(
    model: string,
    reference: { readonly fromMs: number; readonly toMs: number },
    toMs: number,
  ): Promise<DriftReport>;
  stop(): Promise<void>;
}

/** Starts the service with the demo's configuration. `clock` is the date that evaluation, alerts and pages go by; arrival of records stays on the machine's clock. */
export type StartService = (config: ConfigInput, clock: Clock) => Promise<DemoService>;
