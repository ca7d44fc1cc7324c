/** Returns a ClickHouse string literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Returns a ClickHouse identifier in double quotes, whatever characters it has. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Returns a ClickHouse literal of a finite double that reads back as the same double. */
export function quoteNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.` : String(value);
}

/** Returns a ClickHouse expression of an instant over text: RFC 3339 and other common forms, or epoch ms or seconds. */
export function instantFromText(text: string): string {
  const epoch = instantFromEpoch(`toInt64OrZero(${text})`);
  const day = `match(${text}, '^(19|20)[0-9]{6}$')`;
  return `if(match(${text}, '^-?[0-9]+$') AND NOT ${day}, ${epoch}, parseDateTime64BestEffortOrNull(${text}, 3, 'UTC'))`;
}

/** Returns a ClickHouse expression of an instant over a whole number of milliseconds or, below 1e11, of seconds. */
export function instantFromEpoch(number: string): string {
  return `fromUnixTimestamp64Milli(toInt64(if(abs(${number}) < 100000000000, ${number} * 1000, ${number})), 'UTC')`;
}

/** Returns a ClickHouse expression that is NaN for what is absent or not finite. */
export function finiteOrNan(number: string): string {
  return `ifNull(if(isFinite(${number}), ${number}, nan), nan)`;
}
