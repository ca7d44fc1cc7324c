/** What Go's regular expressions know and JavaScript's would read as something else. */
const ONLY_GO = /\\[AzQEC]|\[\[:|\(\?[imsU-]+:|\\p[A-Z](?![a-z{])/;
const LEADING_FLAGS = /^\(\?([is]+)\)/;

/**
 * Returns the regular expression that must match a whole text, as Prometheus anchors it, or undefined when the pattern
 * is none or uses what only Go's dialect knows. `(?i)` and `(?s)` at the beginning and `(?P<name>` are understood.
 */
export function compileRegex(pattern: string): RegExp | undefined {
  const flags = LEADING_FLAGS.exec(pattern)?.[1] ?? '';
  const body = pattern.replace(LEADING_FLAGS, '').replaceAll('(?P<', '(?<');
  if (ONLY_GO.test(body)) return undefined;
  try {
    return new RegExp(`^(?:${body})$`, [...new Set(flags)].join(''));
  } catch {
    return undefined;
  }
}
