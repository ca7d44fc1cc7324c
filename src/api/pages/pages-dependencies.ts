import type { Clock } from '../../core/clock.ts';
import type { ReadDependencies } from '../read/read-dependencies.ts';

/** What the pages need. */
export interface PagesDependencies extends ReadDependencies {
  /** Real time, for how long an answer is kept. */
  readonly wallClock: Clock;
}
