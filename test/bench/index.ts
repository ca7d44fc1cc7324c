import type { Bench } from './bench.ts';
import { bench as calibration } from './calibration.ts';

/** Every benchmark, in the order they run. */
export const benches: readonly Bench[] = [calibration];
