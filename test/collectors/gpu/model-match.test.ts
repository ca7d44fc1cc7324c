import { describe, expect, it } from 'vitest';
import { createModelMatch } from '../../../src/collectors/gpu/model-match.ts';

const modelOf = createModelMatch([
  { model: 'late-flights', gpu: { pod: 'late-flights-.*', namespace: 'travel' } },
  { model: 'flights', gpu: { pod: '.*flights.*|planes' } },
  { model: 'bare-metal', gpu: { labels: { Hostname: 'box-[12]', device: 'nvidia0' } } },
  { model: 'empty', gpu: {} },
  { model: 'no-gpu' },
]);

describe('the join from a GPU to a model', () => {
  it.each([
    ['the first configured match', 'travel', 'late-flights-0', {}, 'late-flights'],
    ['the next match when the namespace is another', 'test', 'late-flights-0', {}, 'flights'],
    ['the whole name of the pod', 'x', 'planes', {}, 'flights'],
    ['nothing on a part of the name', 'x', 'planes-2', {}, ''],
    ['labels where there is no pod', '', '', { Hostname: 'box-1', device: 'nvidia0' }, 'bare-metal'],
    ['nothing unless all labels fit', '', '', { Hostname: 'box-1', device: 'nvidia1' }, ''],
    ['the label of KServe', 'x', 'p', { serving_kserve_io_inferenceservice: 'fraud' }, 'fraud'],
    ['the label of kube-state-metrics', 'x', 'p', { label_seldon_deployment_id: 'income' }, 'income'],
    ['the configuration before a label', 'x', 'planes', { model: 'other' }, 'flights'],
    ['nothing on a label that is no model name', 'x', 'p', { model: 'NVIDIA A100' }, ''],
    ['nothing for an idle GPU', '', '', {}, ''],
  ])('takes %s', (_, namespace, pod, labels, expected) => {
    expect(modelOf({ namespace, pod, labels })).toBe(expected);
  });
});
