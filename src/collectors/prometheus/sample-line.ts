import { parseMetricNumber } from './metric-number.ts';
import type { MetricSample } from './metric-sample.ts';

export type Dialect = 'text' | 'openmetrics';

export type SampleLine =
  | { readonly ok: true; readonly sample: MetricSample }
  | { readonly ok: false; readonly reason: string };

/**
 * Parses one sample line of an exposition: name, labels, value, time and (OpenMetrics) exemplar, which is checked and
 * left out. Reads every character once. Names may be quoted, as in text format 1.0.0.
 *
 * @see Prometheus exposition formats (text 0.0.4 and 1.0.0); OpenMetrics 1.0 specification
 */
export function parseSampleLine(line: string, dialect: Dialect, maxLabels: number): SampleLine {
  const cursor = new LineCursor(line);
  let name = readName(cursor, isMetricNameCharacter);
  let labels: readonly Label[] = [];
  cursor.skipBlanks();
  if (cursor.take('{')) {
    const block = readLabels(cursor, maxLabels);
    if (typeof block === 'string') return refuse(block);
    if (name !== '' && block.name !== undefined) return refuse('has two metric names');
    name = block.name ?? name;
    labels = block.labels;
  }
  if (name === '') return refuse('has no metric name');
  const value = parseMetricNumber(cursor.readToken());
  if (value === undefined) return refuse('has no readable value');
  const tail = readTail(cursor, dialect, maxLabels);
  if (typeof tail === 'string') return refuse(tail);
  const sample = { name, labels: Object.fromEntries(labels), value };
  return { ok: true, sample: tail.timestampMs === undefined ? sample : { ...sample, timestampMs: tail.timestampMs } };
}

type Label = readonly [name: string, value: string];
type LabelBlock = { readonly name: string | undefined; readonly labels: readonly Label[] };

/** Position in one line; every method moves forward only. */
class LineCursor {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  skipBlanks(): void {
    while (isBlank(this.text.charCodeAt(this.at))) this.at += 1;
  }

  atEnd(): boolean {
    this.skipBlanks();
    return this.at >= this.text.length;
  }

  take(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  readToken(): string {
    this.skipBlanks();
    const from = this.at;
    while (this.at < this.text.length && !isBlank(this.text.charCodeAt(this.at))) this.at += 1;
    return this.text.slice(from, this.at);
  }

  /** Reads the rest of a quoted text; undefined when the closing quote is missing. */
  readQuoted(): string | undefined {
    let value = '';
    let from = this.at;
    while (this.at < this.text.length) {
      const code = this.text.charCodeAt(this.at);
      if (code === QUOTE) {
        value += this.text.slice(from, this.at);
        this.at += 1;
        return value;
      }
      if (code === BACKSLASH) {
        value += this.text.slice(from, this.at) + unescape(this.text[this.at + 1] ?? '');
        this.at += 2;
        from = this.at;
      } else {
        this.at += 1;
      }
    }
    return undefined;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function refuse(reason: string): SampleLine {
  return { ok: false, reason };
}

/** Unknown escapes stay as they are, as Prometheus reads them: exporters on Windows forget to escape paths. */
function unescape(character: string): string {
  if (character === 'n') return '\n';
  if (character === '"' || character === '\\') return character;
  return `\\${character}`;
}

function readName(cursor: LineCursor, allowed: (code: number, first: boolean) => boolean): string {
  cursor.skipBlanks();
  const from = cursor.at;
  while (allowed(cursor.text.charCodeAt(cursor.at), cursor.at === from)) cursor.at += 1;
  return cursor.text.slice(from, cursor.at);
}

/** Reads up to and including the closing brace; a text is the reason why that was not possible. */
function readLabels(cursor: LineCursor, maxLabels: number): LabelBlock | string {
  const labels: Label[] = [];
  const seen = new Set<string>();
  let name: string | undefined;
  for (;;) {
    cursor.skipBlanks();
    if (cursor.take('}')) return { name, labels };
    const quoted = cursor.take('"');
    const key = quoted ? cursor.readQuoted() : readName(cursor, isLabelNameCharacter);
    if (key === undefined) return 'has a quoted text without an end';
    if (key === '') return 'has a label without a valid name';
    cursor.skipBlanks();
    if (cursor.take('=')) {
      const value = readLabelValue(cursor);
      if (value === undefined) return 'has a label value without quotes or without an end';
      if (key === '__name__' || seen.has(key)) return 'has a label twice';
      if (labels.length >= maxLabels) return `has more than ${maxLabels} labels`;
      seen.add(key);
      labels.push([key, value]);
    } else if (quoted && name === undefined && labels.length === 0) {
      name = key;
    } else {
      return 'has a label without a value';
    }
    cursor.skipBlanks();
    if (!cursor.take(',') && cursor.text[cursor.at] !== '}') return 'has labels that are not closed';
  }
}

function readLabelValue(cursor: LineCursor): string | undefined {
  cursor.skipBlanks();
  return cursor.take('"') ? cursor.readQuoted() : undefined;
}

function readTail(
  cursor: LineCursor,
  dialect: Dialect,
  maxLabels: number,
): { readonly timestampMs: number | undefined } | string {
  if (cursor.atEnd()) return { timestampMs: undefined };
  let timestampMs: number | undefined;
  if (cursor.text[cursor.at] !== '#') {
    timestampMs = parseTimestamp(cursor.readToken(), dialect);
    if (timestampMs === undefined) return 'has no readable timestamp';
    if (cursor.atEnd()) return { timestampMs };
  }
  if (dialect === 'text' || !cursor.take('#')) return 'goes on after its value or timestamp';
  return readExemplar(cursor, maxLabels) ? { timestampMs } : 'has an exemplar that is not readable';
}

/** Milliseconds as an integer in the text format, seconds as a decimal in OpenMetrics. */
function parseTimestamp(token: string, dialect: Dialect): number | undefined {
  const number = parseMetricNumber(token);
  if (number === undefined || !Number.isFinite(number)) return undefined;
  if (dialect === 'openmetrics') return Math.round(number * 1000);
  return Number.isInteger(number) ? number : undefined;
}

function readExemplar(cursor: LineCursor, maxLabels: number): boolean {
  cursor.skipBlanks();
  if (!cursor.take('{')) return false;
  const block = readLabels(cursor, maxLabels);
  if (typeof block === 'string' || block.name !== undefined) return false;
  if (parseMetricNumber(cursor.readToken()) === undefined) return false;
  return cursor.atEnd() || (parseTimestamp(cursor.readToken(), 'openmetrics') !== undefined && cursor.atEnd());
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function isLabelNameCharacter(code: number, first: boolean): boolean {
  const letter = (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
  return letter || (!first && code >= 0x30 && code <= 0x39);
}

function isMetricNameCharacter(code: number, first: boolean): boolean {
  return code === 0x3a || isLabelNameCharacter(code, first);
}
