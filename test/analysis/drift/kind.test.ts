import { describe, expect, it } from 'vitest';
import type { ReferenceFacts } from '../../../src/analysis/drift/facts.ts';
import { kindOf } from '../../../src/analysis/drift/kind.ts';
import type { Column } from '../../../src/analysis/drift/source.ts';

const column = (storage: 'number' | 'text'): Column => ({ id: 'c0', name: 'x', role: 'feature', storage });
const facts = (values: readonly number[] | undefined): ReferenceFacts => ({
  n: 100,
  min: 0,
  max: 1,
  sdPop: 1,
  skew: null,
  values,
  distinct: 0,
});
const NOTHING_STATED = { categorical: [], numeric: [] };

describe('kindOf', () => {
  it.each([
    ['text', undefined, 'categorical'],
    ['number', undefined, 'numeric'],
    ['number', [0, 1], 'categorical'],
    ['number', [1, 2, 3, 4], 'categorical'],
    ['number', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 'categorical'],
    ['number', [0, 1, 2, 3], 'numeric'],
    ['number', [1, 2, 4], 'numeric'],
    ['number', [1, 2], 'numeric'],
    ['number', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 'numeric'],
    ['number', [0.5, 1], 'numeric'],
    ['number', [3.2], 'numeric'],
  ] as const)('takes %s with the values %j for %s', (storage, values, kind) => {
    expect(kindOf(column(storage), facts(values), NOTHING_STATED)).toBe(kind);
  });

  it('believes what the user states', () => {
    expect(kindOf(column('number'), facts(undefined), { categorical: ['x'], numeric: [] })).toBe('categorical');
    expect(kindOf(column('number'), facts([0, 1]), { categorical: [], numeric: ['x'] })).toBe('numeric');
  });
});
