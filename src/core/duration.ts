const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Returns milliseconds for text such as "30s", "5m", "1h30m", "7d"; undefined when it is no duration. */
export function parseDuration(text: string): number | undefined {
  const pattern = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;
  let total = 0;
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index !== end) return undefined;
    end = match.index + match[0].length;
    total += Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
  }
  return end === text.length && text !== '' ? total : undefined;
}
