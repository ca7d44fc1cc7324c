import { describe, expect, test } from 'vitest';
import { type IngestUnit, MAX_LINE_BYTES, UnitBuilder } from '../../src/store/ingest/unit.ts';

interface Row {
  readonly receipt: string;
  readonly lineNumber: number;
  readonly receivedMs: number;
  readonly bytes: number;
  readonly line: string;
}

/** Reads the rows back as ClickHouse does: UInt64, UInt32, Int64, UInt32 and a string after its length as a varint. */
function rowsOf(unit: IngestUnit): readonly Row[] {
  const body = Buffer.concat(unit.body);
  const rows: Row[] = [];
  let at = 0;
  while (at < body.length) {
    const receipt = body.readBigUInt64LE(at).toString();
    const lineNumber = body.readUInt32LE(at + 8);
    const receivedMs = Number(body.readBigInt64LE(at + 12));
    const bytes = body.readUInt32LE(at + 20);
    at += 24;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body.readUInt8(at);
      at += 1;
      length += (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    rows.push({ receipt, lineNumber, receivedMs, bytes, line: body.toString('utf8', at, at + length) });
    at += length;
  }
  return rows;
}

function build(lines: readonly string[], key?: string, kind: 'predictions' | 'labels' = 'predictions'): IngestUnit {
  const builder = new UnitBuilder(kind, 1_777_629_600_123);
  lines.forEach((line, index) => builder.add(Buffer.from(line), index + 1));
  return builder.finish(key);
}

describe('a unit', () => {
  test('frames lines of any length, in order', () => {
    const lines = [
      '',
      'a',
      'b'.repeat(127),
      'c'.repeat(128),
      'd'.repeat(20_000),
      'é€😀',
      'e'.repeat(MAX_LINE_BYTES),
      'f',
    ];
    const unit = build(lines);
    const rows = rowsOf(unit);
    expect(rows.map(({ line }) => line)).toEqual(lines);
    expect(rows.map(({ lineNumber }) => lineNumber)).toEqual(lines.map((_, index) => index + 1));
    expect(rows.map(({ bytes }) => bytes)).toEqual(lines.map((line) => Buffer.byteLength(line)));
    expect(new Set(rows.map(({ receivedMs }) => receivedMs))).toEqual(new Set([1_777_629_600_123]));
    expect(new Set(rows.map(({ receipt }) => receipt))).toEqual(new Set([unit.receipt]));
    expect(unit.rows).toBe(lines.length);
    expect(unit.bytes).toBe(Buffer.concat(unit.body).length);
  });

  test('keeps only the beginning of a line that is too long, and its full length', () => {
    const [row] = rowsOf(build(['x'.repeat(MAX_LINE_BYTES + 1)]));
    expect(row?.line).toBe('x'.repeat(16_384));
    expect(row?.bytes).toBe(MAX_LINE_BYTES + 1);
  });

  test('starts anew after it was finished', () => {
    const builder = new UnitBuilder('labels', 0);
    builder.add(Buffer.from('first'), 1);
    const first = builder.finish('k\n0');
    expect([builder.rows, builder.bytes]).toEqual([0, 0]);
    builder.add(Buffer.from('second'), 2);
    expect(rowsOf(builder.finish('k\n1')).map(({ line }) => line)).toEqual(['second']);
    expect(rowsOf(first).map(({ line }) => line)).toEqual(['first']);
  });
});

describe('the receipt', () => {
  test('follows from the key and the kind alone when there is a key', () => {
    expect(build(['a'], 'key').receipt).toBe(build(['b'], 'key').receipt);
    expect(build(['a'], 'key').receipt).not.toBe(build(['a'], 'other').receipt);
    expect(build(['a'], 'key').receipt).not.toBe(build(['a'], 'key', 'labels').receipt);
  });

  test('follows from the lines and the kind when there is none, whenever they came', () => {
    const later = new UnitBuilder('predictions', 5);
    later.add(Buffer.from('a'), 1);
    expect(later.finish(undefined).receipt).toBe(build(['a']).receipt);
    const receipts = [
      build(['a']),
      build(['b']),
      build(['a', 'a']),
      build(['a'], undefined, 'labels'),
      build(['ab']),
      build(['a', 'b']),
    ];
    expect(new Set(receipts.map(({ receipt }) => receipt)).size).toBe(receipts.length);
  });
});
