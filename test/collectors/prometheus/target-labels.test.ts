import { describe, expect, it } from 'vitest';
import { withTargetLabels } from '../../../src/collectors/prometheus/target-labels.ts';

const target = { job: 'dcgm', instance: 'gpu-1:9400', namespace: 'gpu-operator' };

describe('labels of a target', () => {
  it.each([
    ['are added to those of the sample', { gpu: '0' }, false, { ...target, gpu: '0' }],
    [
      'win, and the exporter keeps its own as exported_',
      { namespace: 'fraud' },
      false,
      { ...target, exported_namespace: 'fraud' },
    ],
    ['lose with honor_labels', { namespace: 'fraud', job: 'x' }, true, { ...target, namespace: 'fraud', job: 'x' }],
    [
      'never overwrite an exported_ label',
      { namespace: 'a', exported_namespace: 'b' },
      false,
      { ...target, exported_namespace: 'b', exported_exported_namespace: 'a' },
    ],
    ['take the place of empty ones', { namespace: '', pod: '' }, false, target],
    [
      'can be taken off by an empty label with honor_labels',
      { namespace: '' },
      true,
      { job: 'dcgm', instance: 'gpu-1:9400' },
    ],
  ])('%s', (_, exposed, honor, expected) => {
    expect(withTargetLabels(exposed, target, honor)).toEqual(expected);
  });
});
