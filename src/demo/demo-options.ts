import type { Clock } from '../core/clock.ts';
import type { StartService } from './demo-service.ts';
import type { ProgressTarget } from './progress.ts';

/** How a demo runs, and everything it may touch. */
export interface RunDemoOptions {
  /** Ends after the summary; otherwise the service and its pages stay until the signal. */
  readonly once: boolean;
  readonly port: number;
  /** Replayed minutes a second in the live hour; undefined: 3, or 10 with `once`. */
  readonly speed: number | undefined;
  readonly out: (line: string) => void;
  readonly progress: ProgressTarget;
  readonly startService: StartService;
  readonly wallClock: Clock;
  readonly random: () => number;
  /** Milliseconds since the process started. */
  readonly stopwatch: () => number;
  /** Ends the demo early, in order. */
  readonly signal: AbortSignal;
}
