import { findSignal } from '../signals/catalogue.ts';
import type { SignalUnit } from '../signals/signal-definition.ts';
import { type Compare, PLACEHOLDER } from './rule.ts';

/** Text for a value that is not there. */
const NO_DATA = 'no data';

/**
 * Returns a summary with its placeholders filled in.
 *
 * @param texts   Values of the fixed names: model, version, alert and so on.
 * @param values  Values of signals; one that is missing reads "no data".
 */
export function renderSummary(
  template: string,
  options: { readonly texts: Readonly<Record<string, string>>; readonly values: Readonly<Record<string, number>> },
): string {
  return template.replaceAll(PLACEHOLDER, (_, name: string) => {
    const text = options.texts[name];
    return text ?? formatSignal(name, options.values[name]);
  });
}

/** Returns a value of a signal in its unit, four digits, as Prometheus' humanize functions write it: 93.4%, 460ms. */
export function formatSignal(signal: string, value: number | undefined): string {
  if (value === undefined) return NO_DATA;
  return FORMATS[findSignal(signal)?.unit ?? 'number'](value);
}

/** Returns a compare as words with its numbers, for example `gpu_utilization_ratio 93.4% above 85%`. */
export function describeCompare(compare: Compare, left: number | undefined, right: number | undefined): string {
  return `${compare.signal} ${formatSignal(compare.signal, left)} ${compare.op} ${formatSignal(compare.signal, right)}`;
}

const FORMATS: Readonly<Record<SignalUnit, (value: number) => string>> = {
  seconds: formatSeconds,
  ratio: (value) => `${fourDigits(value * 100)}%`,
  per_second: (value) => `${fourDigits(value)}/s`,
  bytes_per_second: (value) => `${fourDigits(value)}B/s`,
  celsius: (value) => `${fourDigits(value)}°C`,
  watts: (value) => `${fourDigits(value)}W`,
  usd: (value) => `${fourDigits(value)} USD`,
  count: fourDigits,
  score: fourDigits,
  number: fourDigits,
};

function fourDigits(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function formatSeconds(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0s';
  if (size < 1e-3) return `${fourDigits(value * 1e6)}us`;
  if (size < 1) return `${fourDigits(value * 1e3)}ms`;
  if (size < 60) return `${fourDigits(value)}s`;
  const whole = Math.floor(size);
  const parts = [Math.floor(whole / 86_400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60, whole % 60];
  const first = parts.findIndex((part) => part > 0);
  const text = parts.map((part, index) => `${part}${'dhms'[index] ?? ''}`);
  return `${value < 0 ? '-' : ''}${text.slice(first).join(' ')}`;
}
