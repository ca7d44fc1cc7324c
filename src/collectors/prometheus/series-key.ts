import type { Labels } from './metric-sample.ts';

/** Returns a 53-bit hash of a series. The order of the labels does not matter. */
export function seriesKey(name: string, labels: Labels): number {
  let low = 0x811c9dc5;
  let high = 0x1000193;
  const mix = (text: string): void => {
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x5bd1e995) ^ (high >>> 15);
    }
    low = Math.imul(low ^ 0xffff, 0x01000193);
    high = Math.imul(high ^ 0xffff, 0x5bd1e995);
  };
  mix(name);
  for (const label of Object.keys(labels).toSorted()) {
    mix(label);
    mix(labels[label] ?? '');
  }
  return toKey(low, high);
}

/** Returns a 53-bit hash of one sample: a series at a time. */
export function sampleKey(series: number, timestampMs: number): number {
  let low = series | 0;
  let high = Math.floor(series / WORD) | 0;
  for (const part of [timestampMs | 0, Math.floor(timestampMs / WORD) | 0]) {
    low = Math.imul(low ^ part, 0x85ebca6b);
    low ^= low >>> 13;
    high = Math.imul(high ^ low ^ part, 0xc2b2ae35);
    high ^= high >>> 16;
  }
  return toKey(low, high);
}

const WORD = 0x1_0000_0000;

function toKey(low: number, high: number): number {
  return (high & 0x1fffff) * WORD + (low >>> 0);
}
