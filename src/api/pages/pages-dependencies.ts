import type { Clock } from '../../core/clock.ts';
import type { ReadDependencies } from '../read/read-dependencies.ts';

/** What the pages need. */
export interface PagesDependencies extends ReadDependencies {
  /** Real time, for how long an answer is kept. */
  readonly wallClock: Clock;
  /**
   * How long a page waits for numbers that are added up from single predictions, ms; after that it is shown without them
   * and loads itself again. Undefined waits for them.
   */
  readonly patienceMs?: number;
}
