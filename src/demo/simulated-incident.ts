/** When the simulated incident lasts: from and to in epoch milliseconds of the replay. */
export interface IncidentSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Names that everything simulated carries, so that nobody takes it for measured. */
export const SIMULATED_POD = 'late-flights-simulated-0';
export const SIMULATED_NODE = 'gpu-simulated-1';
export const SIMULATED_METRIC = 'simulated_bookings_usd';

/** What the simulated GPU shows at a moment of the replay. */
export interface GpuReading {
  readonly utilizationPercent: number;
  readonly smActiveRatio: number;
  readonly memoryUsedMib: number;
  readonly memoryFreeMib: number;
  readonly temperatureCelsius: number;
  readonly powerWatts: number;
}

const MEMORY_MIB = 81_920;

/** Returns the simulated GPU's numbers: a calm wave, and 95 percent busy during the incident. A function of time alone. */
export function gpuReading(ms: number, incident: IncidentSpan): GpuReading {
  const busy = isDuring(ms, incident);
  const utilizationPercent = busy ? 95 : Math.round(45 + 10 * wave(ms, 17));
  const memoryUsedMib = busy ? 71_680 : 38_912 + Math.round(1024 * wave(ms, 29));
  return {
    utilizationPercent,
    smActiveRatio: Math.round(utilizationPercent * 9.2) / 1000,
    memoryUsedMib,
    memoryFreeMib: MEMORY_MIB - memoryUsedMib,
    temperatureCelsius: Math.round(36 + utilizationPercent * 0.45),
    powerWatts: Math.round(90 + utilizationPercent * 5.8),
  };
}

/** Returns the simulated bookings of one minute in US dollars; a third is lost during the incident. */
export function bookingsUsd(ms: number, incident: IncidentSpan): number {
  const calm = 4200 + 350 * wave(ms, 41);
  return Math.round(100 * (isDuring(ms, incident) ? calm * 0.65 : calm)) / 100;
}

/** Returns whether a moment lies within the incident. */
export function isDuring(ms: number, { fromMs, toMs }: IncidentSpan): boolean {
  return ms >= fromMs && ms < toMs;
}

/** A sine of the given period in minutes, -1 to 1. */
function wave(ms: number, periodMinutes: number): number {
  return Math.sin((2 * Math.PI * ms) / (periodMinutes * 60_000));
}
