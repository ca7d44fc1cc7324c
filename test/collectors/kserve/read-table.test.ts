import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readPayloadBody } from '../../../src/collectors/kserve/payload-body.ts';
import { readTable } from '../../../src/collectors/kserve/read-table.ts';

function read(body: unknown, jsonBytes?: number): unknown {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const table = readTable(readPayloadBody({ kind: 'bytes', bytes, sizeBytes: bytes.length }, 10_000, jsonBytes));
  return 'reason' in table ? table.reason : table.rows.map((row) => Object.fromEntries(row));
}

const tensor = (name: string, shape: readonly number[], data: readonly unknown[], datatype = 'FP32') => ({
  name,
  shape,
  datatype,
  data,
});

test.each([
  ['rows that are objects', { instances: [{ a: 1, b: 'x' }, { a: 2 }] }, [{ a: 1, b: 'x' }, { a: 2 }]],
  ['rows that are arrays', { instances: [[1, 2]] }, [{ '': [1, 2] }]],
  ['rows that are numbers', { predictions: [1, 0] }, [{ '': 1 }, { '': 0 }]],
  [
    'columns',
    { inputs: { a: [1, 2], b: ['x', 'y'] } },
    [
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ],
  ],
  ['columns of different length', { inputs: { a: [1, 2], b: 3 } }, [{ a: [1, 2], b: 3 }]],
  ['a batcher around a response', { message: '', batchId: '4a1c', predictions: [1] }, [{ '': 1 }]],
  ['members of another object', { model: 'gpt', temperature: 0.5 }, [{ model: 'gpt', temperature: 0.5 }]],
  ['flat tensors', { inputs: [tensor('a', [2, 2], [1, 2, 3, 4])] }, [{ a: [1, 2] }, { a: [3, 4] }]],
  [
    'nested tensors',
    {
      inputs: [
        tensor(
          'a',
          [2, 2],
          [
            [1, 2],
            [3, 4],
          ],
        ),
      ],
    },
    [{ a: [1, 2] }, { a: [3, 4] }],
  ],
  [
    'tensors of one value a row',
    { outputs: [tensor('a', [2], [1, 2]), tensor('b', [2, 1], [3, 4])] },
    [
      { a: 1, b: 3 },
      { a: 2, b: 4 },
    ],
  ],
  [
    'tensors that share no first dimension',
    { inputs: [tensor('a', [2], [1, 2]), tensor('b', [1], [3])] },
    [{ a: [1, 2], b: 3 }],
  ],
  ['tensors of a higher rank', { inputs: [tensor('a', [1, 2, 2], [1, 2, 3, 4])] }, [{ a: [[1, 2, 3, 4]] }]],
  ["Seldon's arrays with names", { data: { names: ['a', 'b'], ndarray: [[1, 'x']] } }, [{ a: 1, b: 'x' }]],
  ["Seldon's tensors", { data: { tensor: { shape: [2, 2], values: [1, 2, 3, 4] } } }, [{ '': [1, 2] }, { '': [3, 4] }]],
  ["Seldon's text", { strData: 'hello' }, [{ '': 'hello' }]],
  ["Seldon's JSON", { jsonData: { a: 1 } }, [{ a: 1 }]],
  [
    'NaN as Python writes it, but not within texts',
    '{"instances":[{"a":NaN,"b":"[NaN, no]","c":-Infinity}]}',
    [{ a: null, b: '[NaN, no]', c: null }],
  ],
])('reads %s', (_name, body, rows) => {
  expect(read(body)).toEqual(rows);
});

test.each([
  ['text', 'hello', 'is not JSON'],
  ['nothing', '', 'is empty'],
  ['a number', '7', 'is not a JSON object'],
  ['an empty object', '{"id":"x"}', 'holds no values'],
  [
    'too few values',
    { inputs: [tensor('a', [2, 2], [1, 2, 3])] },
    'has 3 values for tensor a, which do not fit its shape',
  ],
  [
    'a tensor without data',
    { inputs: [{ name: 'a', shape: [1], datatype: 'FP32' }] },
    'has no readable data for tensor a',
  ],
  ['broken gzip', Buffer.from([0x1f, 0x8b, 1, 2]), 'is not valid gzip'],
  ['a gzip bomb', gzipSync(Buffer.alloc(1_000_000, ' ')), 'is larger than 10000 bytes'],
  ['a long body', 'x'.repeat(10_001), 'is larger than 10000 bytes'],
])('says what is wrong with %s', (_name, body, reason) => {
  expect(read(body)).toBe(reason);
});

test('a stream of server-sent events is a call without rows', () => {
  expect(read('data: {"token":"a"}\n\ndata: [DONE]\n\n')).toEqual([]);
});

describe('binary tensors behind the JSON', () => {
  const floats = Buffer.alloc(8);
  floats.writeFloatLE(1.5, 0);
  floats.writeFloatLE(-2, 4);
  const texts = Buffer.concat([
    Buffer.from([2, 0, 0, 0]),
    Buffer.from('PL'),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from('D'),
  ]);
  const head = JSON.stringify({
    inputs: [
      { name: 'x', shape: [2, 1], datatype: 'FP32', parameters: { binary_data_size: 8 } },
      { name: 'c', shape: [2, 1], datatype: 'BYTES', parameters: { binary_data_size: 11 } },
      { name: 'h', shape: [2, 1], datatype: 'FP16', parameters: { binary_data_size: 4 } },
    ],
  });
  const body = Buffer.concat([Buffer.from(head), floats, texts, Buffer.from([0x00, 0x3c, 0x00, 0xc0])]);
  const rows = [
    { x: 1.5, c: 'PL', h: 1 },
    { x: -2, c: 'D', h: -2 },
  ];

  test('are read in their order, with the length of the JSON given or not', () => {
    expect(read(body)).toEqual(rows);
    expect(read(body, head.length)).toEqual(rows);
  });

  test('that are cut off are refused', () => {
    expect(read(body.subarray(0, -1))).toBe('has no readable data for tensor h');
  });
});
