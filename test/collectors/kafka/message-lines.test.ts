import { describe, expect, test } from 'vitest';
import { cutMessage } from '../../../src/collectors/kafka/message-lines.ts';

describe('a message', () => {
  test.each([
    ['one object', '{"a":1}', ['{"a":1}']],
    ['an object after blanks', '  {"a":1}', ['{"a":1}']],
    ['lines', '{"a":1}\n{"a":2}\r\n\n{"a":3}', ['{"a":1}', '{"a":2}', '{"a":3}']],
    ['lines with a bad one', '{"a":1}\nbad\n{"a":3}', ['{"a":1}', 'bad', '{"a":3}']],
    ['bad first line', 'bad\n{"a":3}', ['bad', '{"a":3}']],
    ['one object and a newline', '{"a":1}\n', ['{"a":1}']],
    ['indented JSON', '{\n "a": 1\n}', ['{\n "a": 1\n}']],
    ['an array', '[{"a":1},\n{"a":2}]', ['{"a":1}', '{"a":2}']],
    ['text that is no JSON', 'bad', ['bad']],
  ])('is cut into its records: %s', (_name, text, records) => {
    expect(cut(text)).toEqual({ lines: records, problems: [] });
  });

  test.each([
    ['no value', null, 'message has no value (tombstone)'],
    ['no bytes', '', 'message holds no record'],
    ['blanks', ' \n \n', 'message holds no record'],
    ['an empty array', '[]', 'message holds no record'],
  ])('without a record is a problem: %s', (_name, text, reason) => {
    expect(cut(text)).toMatchObject({ lines: [], problems: [{ field: '', reason }] });
  });

  test('gives the data of its CloudEvents, and keeps the good ones of a batch', () => {
    const event = { specversion: '1.0', id: '1', source: '/s', type: 't' };
    const batch = [
      { ...event, data: { a: 1 } },
      { ...event, id: '', data: { a: 2 } },
      { ...event, data: [{ a: 3 }, { a: 4 }] },
      event,
    ];
    const headers = { 'Content-Type': Buffer.from('application/cloudevents-batch+json') };
    const { lines, problems } = cut(JSON.stringify(batch), headers);
    expect(lines).toEqual(['{"a":1}', '{"a":3}', '{"a":4}']);
    expect(problems).toMatchObject([
      { field: 'ce_id', reason: 'is required' },
      { field: 'data', reason: 'is required' },
    ]);
  });
});

function cut(text: string | null, headers: Readonly<Record<string, unknown>> = {}) {
  const lines: string[] = [];
  const problems: { readonly field: string; readonly reason: string }[] = [];
  const value = text === null ? null : Buffer.from(text);
  cutMessage(
    { offset: 0, timestampMs: 0, value, headers },
    {
      line: (line) => lines.push(Buffer.from(line).toString('utf8').trim()),
      problem: (field, reason) => problems.push({ field, reason }),
    },
  );
  return { lines, problems };
}
