import { readFileSync } from 'node:fs';

/** Models that the predictions are of. */
export const MODELS = 20;

/**
 * Returns one prediction of about 500 bytes with 10 features, five minutes of them at 38,400 a second; with 25 features
 * it has about 770.
 */
export function benchLine(number: number, startMs: number, features: 10 | 25 = 10): string {
  const noise = (number * 2_654_435_761) % 4_294_967_296;
  return `{"prediction_id":"bench-${String(number).padStart(10, '0')}-${noise.toString(16).padStart(8, '0')}","ts":${
    startMs + Math.floor(number / 38.4)
  },"model":"model-${number % MODELS}","version":"3","features":{"distance":${noise % 3000},"gap_min":${
    (noise % 977) / 7
  },"temperature":${(noise % 409) / 10},"wind_speed":${(noise % 307) / 10},"visibility":${
    (noise % 101) / 10
  },"load_factor":${(noise % 1000) / 1000},"is_weekend":${noise % 7 > 4},"origin":"airport-${noise % 61}","destination":"airport-${
    noise % 59
  }","carrier":"carrier-${noise % 13}"${features === 25 ? fifteenMore(noise) : ''}},"prediction":${noise % 2},"score":${((noise % 9973) / 9973).toFixed(4)},"latency_ms":${(
    5 + (noise % 300) / 10
  ).toFixed(
    1,
  )},"segments":{"region":"region-${noise % 5}"},"trace_id":"${noise.toString(16).padStart(32, '0')}","pod":"model-predictor-00003-deployment-6c9f7d8b5d-x2kq${noise % 8}"}`;
}

function fifteenMore(noise: number): string {
  return Array.from({ length: 15 }, (_, index) => `,"sensor_${index}":${(noise % (9000 + index)) / 8}`).join('');
}

/** What a process has used since it was started. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly rssBytes: number;
}

/** Returns the CPU time and the resident memory of a process. */
export function usageOf(pid: number): ProcessUsage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { cpuSeconds: ticks / 100, rssBytes: Number(fields[21]) * 4096 };
}
