import { expect, test } from 'vitest';
import { featuresOf } from '../../../src/collectors/kserve/features.ts';
import { outcomeOf } from '../../../src/collectors/kserve/outcome.ts';

const row = (values: Readonly<Record<string, unknown>>): ReadonlyMap<string, unknown> =>
  new Map(Object.entries(values));

test.each([
  ['a number', { '': 3 }, {}, { prediction: 3 }],
  ['a text', { '': 'cat' }, {}, { prediction: 'cat' }],
  ['a boolean in brackets', { y: [true] }, {}, { prediction: true }],
  ['one output called score', { score: 0.9 }, {}, { prediction: 0.9, score: 0.9 }],
  ['a score over 1', { score: 12 }, {}, { prediction: 12 }],
  [
    'probabilities of two classes',
    { '': [0.25, 0.75] },
    {},
    { prediction: 1, score: 0.75, scores: { 0: 0.25, 1: 0.75 } },
  ],
  [
    'probabilities with names',
    { p: [0.1, 0.2, 0.7] },
    { classes: ['a', 'b', 'c'] },
    { prediction: 'c', scores: { a: 0.1, b: 0.2, c: 0.7 } },
  ],
  ['numbers that are no probabilities', { '': [3, 4] }, {}, { prediction: null }],
  [
    'a label and its probability',
    { label: 'yes', probability: 0.8, note: 'x' },
    {},
    { prediction: 'yes', score: 0.8, others: { note: 'x' } },
  ],
  [
    'a label and all probabilities',
    { predict: 1, predict_proba: [0.3, 0.7] },
    {},
    { prediction: 1, score: 0.7, scores: { 0: 0.3, 1: 0.7 } },
  ],
  [
    'outputs by their configured names',
    { a: 1, b: 0.5, c: 2 },
    { prediction: 'c', score: 'b' },
    { prediction: 2, score: 0.5, others: { a: 1 } },
  ],
  ['a threshold', { score: 0.4 }, { threshold: 0.3 }, { prediction: 1, score: 0.4 }],
  ['nothing', {}, {}, { prediction: null }],
])('reads %s', (_name, values, mapping, expected) => {
  expect(outcomeOf(row(values), mapping, undefined)).toEqual({ others: {}, ...expected });
});

test('features of any shape get names that the store takes', () => {
  expect(featuresOf(row({ '': [1, 'x', null] }), ['a', 'b'])).toEqual({ a: 1, b: 'x', f2: null });
  expect(featuresOf(row({ '': 5 }), undefined)).toEqual({ f0: 5 });
  expect(featuresOf(row({ v: [1, 2], o: { in: true }, t: 'z'.repeat(2000), one: [7] }), undefined)).toEqual({
    'v[0]': 1,
    'v[1]': 2,
    'o.in': true,
    't.length': 2000,
    one: 7,
  });
  expect(featuresOf(row({ picture: [[3, 4]], words: [['a', 'b']] }), undefined)).toEqual({
    'picture.mean': 3.5,
    'picture.std': 0.5,
    'picture.norm': 5,
    'words.length': 1,
  });
  const many = featuresOf(row(Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`n${at}`, at]))), undefined);
  expect(Object.keys(many)).toHaveLength(1000);
  const [name = ''] = Object.keys(featuresOf(row({ ['ü'.repeat(200)]: 1 }), undefined));
  expect(Buffer.byteLength(name)).toBe(256);
});
