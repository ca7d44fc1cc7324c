import type { MetricSample } from './metric-sample.ts';
import { type Dialect, parseSampleLine } from './sample-line.ts';

export interface ExpositionLimits {
  /** Longest line in UTF-16 units; a longer one is refused unread. */
  readonly maxLineLength: number;
  readonly maxLabels: number;
  /** Reading stops at the first sample beyond this number. */
  readonly maxSamples: number;
}

export const EXPOSITION_LIMITS: ExpositionLimits = { maxLineLength: 65_536, maxLabels: 64, maxSamples: 1_000_000 };

export interface LineError {
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

export interface Exposition {
  readonly samples: readonly MetricSample[];
  /** The first 20 refused lines. */
  readonly errors: readonly LineError[];
  /** All refused lines. */
  readonly refusedLines: number;
  /** True when reading stopped at `maxSamples`. */
  readonly truncated: boolean;
}

const KEPT_ERRORS = 20;

/**
 * Reads the body of a scrape: Prometheus text 0.0.4 and 1.0.0, or OpenMetrics 1.0 when the content type says so.
 * A line that cannot be read is skipped and listed; it never costs the rest. Takes time linear in the text.
 */
export function parseExposition(
  text: string,
  contentType: string,
  limits: ExpositionLimits = EXPOSITION_LIMITS,
): Exposition {
  const dialect = dialectOf(contentType);
  const samples: MetricSample[] = [];
  const errors: LineError[] = [];
  let refusedLines = 0;
  let ended = false;
  const refuse = (line: number, reason: string): void => {
    refusedLines += 1;
    if (errors.length < KEPT_ERRORS) errors.push({ line, reason });
  };

  let number = 0;
  for (const line of linesOf(text, limits.maxLineLength)) {
    number += 1;
    if (ended) {
      refuse(number, 'comes after # EOF');
      break;
    }
    if (line === undefined) {
      refuse(number, `is longer than ${limits.maxLineLength} characters`);
    } else if (isComment(line)) {
      ended = dialect === 'openmetrics' && line === '# EOF';
    } else {
      const parsed = parseSampleLine(line, dialect, limits.maxLabels);
      if (!parsed.ok) {
        refuse(number, parsed.reason);
      } else if (samples.length >= limits.maxSamples) {
        refuse(number, `is beyond the limit of ${limits.maxSamples} samples`);
        return { samples, errors, refusedLines, truncated: true };
      } else {
        samples.push(parsed.sample);
      }
    }
  }
  if (dialect === 'openmetrics' && !ended) refuse(number, 'is the last one, but # EOF is missing: the answer was cut');
  return { samples, errors, refusedLines, truncated: false };
}

function dialectOf(contentType: string): Dialect {
  return /^\s*application\/openmetrics-text\b/i.test(contentType) ? 'openmetrics' : 'text';
}

/** Yields each line without its end; undefined for one that is too long. */
function* linesOf(text: string, maxLength: number): Generator<string | undefined> {
  let from = 0;
  while (from < text.length) {
    const found = text.indexOf('\n', from);
    const to = found === -1 ? text.length : found;
    const end = text.charCodeAt(to - 1) === 0x0d && to > from ? to - 1 : to;
    yield end - from > maxLength ? undefined : text.slice(from, end);
    from = to + 1;
  }
}

/** Comments, HELP, TYPE, UNIT and empty lines carry no sample. */
function isComment(line: string): boolean {
  const start = line.trimStart();
  return start === '' || start.startsWith('#');
}
