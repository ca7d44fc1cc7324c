const MAX_TOKEN_LENGTH = 64;
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/**
 * Returns the number an exposition token stands for, NaN and infinities included, or undefined when it is none.
 * Stricter than `Number`, which takes an empty text for 0 and reads hexadecimal.
 */
export function parseMetricNumber(token: string): number | undefined {
  if (token.length > MAX_TOKEN_LENGTH) return undefined;
  if (DECIMAL.test(token)) return Number(token);
  if (INFINITE.test(token)) return token.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return NOT_A_NUMBER.test(token) ? Number.NaN : undefined;
}
