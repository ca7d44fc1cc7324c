import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { relabelStepSchema } from '../../../../src/collectors/prometheus/relabel/config.ts';
import { createRelabel } from '../../../../src/collectors/prometheus/relabel/relabel.ts';

type Step = z.input<typeof relabelStepSchema>;
type Labels = Readonly<Record<string, string>>;

function relabel(labels: Labels, ...steps: readonly Step[]): Labels | undefined {
  return createRelabel(steps.map((step) => relabelStepSchema.parse(step)))(labels);
}

const abc = { a: 'foo', b: 'bar', c: 'baz' };

// The cases of Prometheus' own model/relabel/relabel_test.go, with their results.
describe('relabelling', () => {
  it.each<[string, Labels, readonly Step[], Labels | undefined]>([
    [
      'replaces with groups of the regex',
      abc,
      [{ source_labels: ['a'], target_label: 'd', regex: 'f(.*)', replacement: 'ch${1}-ch${1}' }],
      { ...abc, d: 'choo-choo' },
    ],
    [
      'works on what the step before has written',
      abc,
      [
        { source_labels: ['a', 'b'], target_label: 'a', regex: 'f(.*);(.*)r', replacement: 'b${1}${2}m' },
        { source_labels: ['c', 'a'], target_label: 'd', regex: '(b).*b(.*)ba(.*)', replacement: '$1$2$2$3' },
      ],
      { a: 'boobam', b: 'bar', c: 'baz', d: 'boooom' },
    ],
    [
      'drops what matches, and does nothing after',
      { a: 'foo' },
      [
        { source_labels: ['a'], regex: '.*o.*', action: 'drop' },
        { source_labels: ['a'], target_label: 'd', regex: 'f(.*)', replacement: 'ch$1-ch$1' },
      ],
      undefined,
    ],
    [
      'must match the whole to drop',
      { a: 'foo' },
      [{ source_labels: ['a'], regex: 'f', action: 'drop' }],
      { a: 'foo' },
    ],
    ['keeps what matches', { a: 'foo' }, [{ source_labels: ['a'], regex: 'f.*', action: 'keep' }], { a: 'foo' }],
    ['drops what is not kept', { a: 'abc' }, [{ source_labels: ['a'], regex: '.*b', action: 'keep' }], undefined],
    [
      'changes nothing when replace does not match',
      { a: 'foo' },
      [{ source_labels: ['a'], target_label: 'b', regex: 'x', replacement: 'y' }],
      { a: 'foo' },
    ],
    [
      'removes a label that becomes empty',
      { a: 'foo', b: 'b' },
      [{ source_labels: ['a'], target_label: 'b', regex: '(f).*', replacement: '$2' }],
      { a: 'foo' },
    ],
    [
      'takes the remainder of the MD5 sum',
      abc,
      [{ source_labels: ['c'], target_label: 'd', separator: ';', action: 'hashmod', modulus: 1000 }],
      { ...abc, d: '976' },
    ],
    [
      'takes it of several lines too',
      { a: 'foo\nbar' },
      [{ source_labels: ['a'], target_label: 'b', separator: ';', action: 'hashmod', modulus: 1000 }],
      { a: 'foo\nbar', b: '734' },
    ],
    [
      'maps label names',
      { a: 'foo', b1: 'bar', b2: 'baz' },
      [{ regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' }],
      { a: 'foo', b1: 'bar', b2: 'baz', bar_b1: 'bar', bar_b2: 'baz' },
    ],
    [
      'maps label names by their end',
      { a: 'foo', __meta_my_bar: 'aaa', __meta_my_baz: 'bbb', __meta_other: 'ccc' },
      [{ regex: '__meta_(my.*)', replacement: '${1}', action: 'labelmap' }],
      { a: 'foo', __meta_my_bar: 'aaa', __meta_my_baz: 'bbb', __meta_other: 'ccc', my_bar: 'aaa', my_baz: 'bbb' },
    ],
    [
      'takes group 1 when a name follows in braces only',
      { a: 'some-name-value' },
      [{ source_labels: ['a'], regex: 'some-([^-]+)-([^,]+)', replacement: '${2}', target_label: '${1}' }],
      { a: 'some-name-value', name: 'value' },
    ],
    [
      'writes no label without a valid name',
      { a: 'some-name-0' },
      [
        { source_labels: ['a'], regex: 'some-([^-]+)-([^,]+)', replacement: '${1}', target_label: '${3}' },
        { source_labels: ['a'], regex: 'some-([^-]+)-([^,]+)', replacement: '${1}', target_label: '${2}' },
        { source_labels: ['a'], regex: 'some-(.*)', replacement: '$1x', target_label: 'gone' },
      ],
      { a: 'some-name-0' },
    ],
    ['drops labels', { a: 'foo', b1: 'bar', b2: 'baz' }, [{ regex: '(b.*)', action: 'labeldrop' }], { a: 'foo' }],
    [
      'keeps labels',
      { a: 'foo', b1: 'bar', b2: 'baz' },
      [{ regex: '(b.*)', action: 'labelkeep' }],
      { b1: 'bar', b2: 'baz' },
    ],
    [
      'changes case',
      { foo: 'bAr123Foo' },
      [
        { source_labels: ['foo'], target_label: 'up', action: 'uppercase' },
        { source_labels: ['foo'], target_label: 'low', action: 'Lowercase' },
      ],
      { foo: 'bAr123Foo', up: 'BAR123FOO', low: 'bar123foo' },
    ],
    [
      'keeps what is equal',
      { tmp: 'a', port: 'a' },
      [{ source_labels: ['tmp'], target_label: 'port', action: 'keepequal' }],
      { tmp: 'a', port: 'a' },
    ],
    [
      'drops what is equal',
      { tmp: 'a', port: 'a' },
      [{ source_labels: ['tmp'], target_label: 'port', action: 'dropequal' }],
      undefined,
    ],
    [
      'knows flags, names and a dollar as Go writes them',
      { a: 'FOO' },
      [{ source_labels: ['a'], regex: '(?i)f(?P<rest>.*)', replacement: '$$${rest}', target_label: 'b' }],
      { a: 'FOO', b: '$OO' },
    ],
    [
      'joins what is missing as nothing',
      { b: 'x' },
      [{ source_labels: ['a', 'b'], target_label: 'c' }],
      { b: 'x', c: ';x' },
    ],
  ])('%s', (_what, labels, steps, expected) => {
    expect(relabel(labels, ...steps)).toEqual(expected);
  });

  it.each([
    ['an unknown action', { action: 'explode' }, /Invalid option/],
    ['no target where one is needed', { action: 'replace', source_labels: ['a'] }, /target_label/],
    ['hashmod without a modulus', { action: 'hashmod', target_label: 'a' }, /modulus/],
    ['a regex that is none', { regex: '(', target_label: 'a' }, /regular expression/],
    ['a regex that only Go knows', { regex: '[[:alpha:]]+', target_label: 'a' }, /only Go knows/],
    ['a target that is no label', { action: 'lowercase', target_label: 'a-b' }, /label name/],
    ['an unknown key', { target_labels: 'a' }, /target_labels/],
  ])('refuses %s in the configuration', (_what, step, reason) => {
    const result = relabelStepSchema.safeParse(step);
    expect(result.error?.message).toMatch(reason);
  });
});
