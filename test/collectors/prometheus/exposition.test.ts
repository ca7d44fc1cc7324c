import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXPOSITION_LIMITS, parseExposition } from '../../../src/collectors/prometheus/exposition.ts';

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4';

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/metrics/${name}`, import.meta.url), 'utf8');
}

describe('the exposition parser', () => {
  it('reads every form of the text format', () => {
    const { samples, errors } = parseExposition(fixture('text-0.0.4.prom'), TEXT);
    expect(errors).toEqual([]);
    expect(samples).toEqual([
      {
        name: 'http_requests_total',
        labels: { method: 'post', code: '200' },
        value: 1027,
        timestampMs: 1_395_066_363_000,
      },
      {
        name: 'http_requests_total',
        labels: { method: 'post', code: '400' },
        value: 3,
        timestampMs: 1_395_066_363_000,
      },
      {
        name: 'msdos_file_access_time_seconds',
        labels: { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find file:\n"FILE.TXT"' },
        value: 1_458_255_915,
      },
      { name: 'metric_without_timestamp_and_labels', labels: {}, value: 12.47 },
      {
        name: 'something_weird',
        labels: { problem: 'division by zero' },
        value: Number.POSITIVE_INFINITY,
        timestampMs: -3_982_045,
      },
      { name: 'my.metric', labels: { 'a.b': 'c', plain: 'ü' }, value: -0.0015 },
      { name: 'spaced_out', labels: { a: '1', b: '2' }, value: 0.5 },
      { name: 'vllm:num_requests_running', labels: {}, value: 3 },
    ]);
  });

  it('reads OpenMetrics with seconds as time and leaves exemplars out', () => {
    const { samples, errors } = parseExposition(fixture('openmetrics.txt'), OPENMETRICS);
    expect(errors).toEqual([]);
    expect(samples.map(({ name, value, timestampMs }) => [name, value, timestampMs])).toEqual([
      ['http_request_duration_seconds_bucket', 8, undefined],
      ['http_request_duration_seconds_bucket', 10, 1_795_300_001_500],
      ['http_request_duration_seconds_count', 10, undefined],
      ['http_request_duration_seconds_sum', 4.25, undefined],
      ['http_requests_total', 10, undefined],
      ['http_requests_created', 1_795_290_000.25, undefined],
      ['quota', Number.NaN, undefined],
    ]);
  });

  it.each([
    ['no value', 'up', 'has no readable value'],
    ['a word as value', 'up yes', 'has no readable value'],
    ['a hexadecimal value', 'up 0x10', 'has no readable value'],
    [
      'an unconverted DCGM value',
      'DCGM_FI_DEV_GPU_UTIL{gpu="0"} ERROR - FAILED TO CONVERT TO STRING',
      'has no readable value',
    ],
    ['no name', '{a="b"} 1', 'has no metric name'],
    ['two names', 'up{"down"} 1', 'has two metric names'],
    ['a name that begins with a digit', '9lives 1', 'has no metric name'],
    ['a label without quotes', 'up{a=b} 1', 'has a label value without quotes or without an end'],
    ['a label value without end', 'up{a="b} 1', 'has a label value without quotes or without an end'],
    ['a label name without end', 'up{"a} 1', 'has a quoted text without an end'],
    ['a label without a value', 'up{a} 1', 'has a label without a value'],
    ['a label without a name', 'up{="b"} 1', 'has a label without a valid name'],
    ['labels without end', 'up{a="b" 1', 'has labels that are not closed'],
    ['a label twice', 'up{a="b",a="c"} 1', 'has a label twice'],
    ['a name among the labels', 'up{__name__="down"} 1', 'has a label twice'],
    ['a fraction as time', 'up 1 1.5', 'has no readable timestamp'],
    ['a word as time', 'up 1 now', 'has no readable timestamp'],
    ['an exemplar', 'up 1 # {a="b"} 1', 'goes on after its value or timestamp'],
    ['three numbers', 'up 1 2 3', 'goes on after its value or timestamp'],
  ])('skips a text line with %s and keeps its neighbours', (_, line, reason) => {
    const { samples, errors, refusedLines } = parseExposition(`# one\nbefore 1\n${line}\r\nafter 2`, TEXT);
    expect(samples.map(({ name }) => name)).toEqual(['before', 'after']);
    expect(errors).toEqual([{ line: 3, reason }]);
    expect(refusedLines).toBe(1);
  });

  it.each(['# {a="b" 1', '# 1', '# {a="b"} x', '# {a="b"} 1 x', '# {a="b"} 1 2 3', '# {"name"} 1'])(
    'skips an OpenMetrics line with the exemplar %s',
    (exemplar) => {
      const { samples, errors } = parseExposition(`a_total 1 ${exemplar}\nb_total 2\n# EOF\n`, OPENMETRICS);
      expect(samples.map(({ name }) => name)).toEqual(['b_total']);
      expect(errors).toEqual([{ line: 1, reason: 'has an exemplar that is not readable' }]);
    },
  );

  it('says when an OpenMetrics answer was cut, and when it goes on after its end', () => {
    const cut = parseExposition('a 1\nb 2\n', OPENMETRICS);
    expect(cut.samples).toHaveLength(2);
    expect(cut.errors).toEqual([{ line: 2, reason: 'is the last one, but # EOF is missing: the answer was cut' }]);
    const more = parseExposition('a 1\n# EOF\nb 2\nc 3\n', OPENMETRICS);
    expect(more.samples).toHaveLength(1);
    expect(more.errors).toEqual([{ line: 3, reason: 'comes after # EOF' }]);
  });

  it('keeps a label named like the prototype as a label', () => {
    const { samples } = parseExposition('up{__proto__="x",constructor="y"} 1', TEXT);
    expect(Object.entries(samples[0]?.labels ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('bounds lines, labels and samples, and lists only the first refusals', () => {
    const limits = { maxLineLength: 30, maxLabels: 2, maxSamples: 3 };
    const long = parseExposition(`a{b="${'x'.repeat(40)}"} 1\nc 1\n`, TEXT, limits);
    expect(long.errors).toEqual([{ line: 1, reason: 'is longer than 30 characters' }]);
    expect(long.samples).toHaveLength(1);
    const labelled = parseExposition('a{b="1",c="2",d="3"} 1\n', TEXT, limits);
    expect(labelled.errors).toEqual([{ line: 1, reason: 'has more than 2 labels' }]);
    const many = parseExposition('a 1\nb 1\nc 1\nd 1\ne 1\n', TEXT, limits);
    expect(many.samples).toHaveLength(3);
    expect(many).toMatchObject({ truncated: true, errors: [{ line: 4, reason: 'is beyond the limit of 3 samples' }] });
    const garbage = parseExposition('!\n'.repeat(1000), TEXT);
    expect(garbage.errors).toHaveLength(20);
    expect(garbage.refusedLines).toBe(1000);
  });

  it('never throws on random bytes and on mutations of real answers, and accounts for every line', () => {
    const random = generator(20_261_121);
    const seeds = ['text-0.0.4.prom', 'openmetrics.txt', 'dcgm-a100-mig.prom'].map(fixture);
    for (let round = 0; round < 3000; round += 1) {
      const text = round % 4 === 0 ? noise(random, 200) : mutate(seeds[round % 3] ?? '', random);
      const contentType = random() < 0.5 ? TEXT : OPENMETRICS;
      const { samples, refusedLines, errors } = parseExposition(text, contentType);
      const lines = text.split('\n').length;
      expect(samples.length + refusedLines).toBeLessThanOrEqual(lines + 1);
      expect(errors.length).toBe(Math.min(20, refusedLines));
      for (const sample of samples) {
        expect(sample.name).not.toBe('');
        expect(Number.isFinite(sample.timestampMs ?? 0)).toBe(true);
        expect(Object.values(sample.labels).every((value) => typeof value === 'string')).toBe(true);
      }
    }
  });

  it('reads back whatever names, labels and values are written', () => {
    const random = generator(7);
    for (let round = 0; round < 500; round += 1) {
      const labels = Object.fromEntries(
        Array.from({ length: Math.floor(random() * 5) }, (_, index) => [
          `l${index} ${noise(random, 5)}`,
          noise(random, 12),
        ]),
      );
      const sample = {
        name: `n ${noise(random, 8)}`,
        labels,
        value: (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20),
      };
      const written = Object.entries(labels).map(([name, value]) => `,${quote(name)}=${quote(value)}`);
      const { samples, errors } = parseExposition(`{${quote(sample.name)}${written.join('')}} ${sample.value}\n`, TEXT);
      expect(errors).toEqual([]);
      expect(samples).toEqual([sample]);
    }
  });

  it('takes time linear in the length of a hostile line', () => {
    const hostile = [
      (length: number) => `a{b="${'\\'.repeat(length)}`,
      (length: number) => `a ${'1'.repeat(length)}x`,
      (length: number) => `a{${'b="",'.repeat(length / 5)}`,
      (length: number) => `a${' '.repeat(length)}`,
    ];
    for (const line of hostile) {
      // 128 times the length; a quadratic reader would need 16,384 times the time.
      expect(fastest(line(1_280_000)) / fastest(line(10_000))).toBeLessThan(2000);
    }
  });
});

function fastest(text: string): number {
  const limits = { ...EXPOSITION_LIMITS, maxLineLength: text.length, maxLabels: text.length };
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 7; run += 1) {
    const began = performance.now();
    parseExposition(text, TEXT, limits);
    best = Math.min(best, performance.now() - began);
  }
  return Math.max(best, 0.05);
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Random text, half of it from the characters that mean something to the parser. */
function noise(random: () => number, length: number): string {
  const marks = '{}",=\\# \t\n01.eE+-NaInf_:EOF';
  return Array.from({ length }, () =>
    random() < 0.5
      ? (marks[Math.floor(random() * marks.length)] ?? '')
      : String.fromCodePoint(1 + Math.floor(random() * 0xd000)),
  ).join('');
}

function mutate(text: string, random: () => number): string {
  let mutated = text;
  for (let change = 0; change < 1 + random() * 8; change += 1) {
    const at = Math.floor(random() * mutated.length);
    const dropped = Math.floor(random() * 3);
    mutated = mutated.slice(0, at) + noise(random, Math.floor(random() * 3)) + mutated.slice(at + dropped);
  }
  return mutated;
}
