export const START = "toDateTime('2026-11-20 05:00:00', 'UTC')";
export const MINUTES = `(SELECT ${START} + INTERVAL number MINUTE AS minute, number AS n FROM numbers(360)) AS minutes`;
export const HOURS = `(SELECT toDateTime('2026-11-20 11:00:00', 'UTC') - INTERVAL 1 + number HOUR AS minute, 0 AS n FROM numbers(720)) AS hours`;

/** 0 before 10:05, then growing to 1 within ten minutes. */
export const TROUBLE = 'least(1, greatest(0, (n - 305) / 10))';
export const BUSY = '(1 + 0.35 * sin((toHour(minute) * 60 + toMinute(minute) - 480) / 1440 * 2 * pi()))';

/** A number between -1 and 1 that is the same on every run. */
export function noise(key: string): string {
  return `((sipHash64(toUInt32(minute), '${key}') % 2001) / 1000. - 1)`;
}

/** SQL of a value that differs a little from minute to minute. */
export function jitter(value: string, key: string, share = 0.05): string {
  return `(${value}) * (1 + ${share} * ${noise(key)})`;
}

/** Returns the statement that writes a signal for every minute or, with `from`, other times. */
export function signalStatement(signal: string, model: string, labels: string, value: string, from = MINUTES): string {
  return `INSERT INTO signals (t, signal, model, version, feature, segment, gpu, value, state, evaluated_at)
    SELECT minute, '${signal}', '${model}', '', ${labels}, ${value}, 'ok', minute FROM ${from}`;
}
