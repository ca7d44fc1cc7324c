import { randomBytes } from 'node:crypto';
import { compress } from '@mongodb-js/zstd';
import { expect, test } from 'vitest';
import { unzstd } from '../../../src/collectors/http/unzstd.ts';

/** Compressible, but nowhere the same. */
const TEXT = Buffer.from(
  Array.from({ length: 60_000 }, (_, at) => `{"line":${at},"value":${(at * 7919) % 1009}}\n`).join(''),
);

function cut(bytes: Buffer, size: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

async function read(bytes: Buffer, size = 65_536): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of unzstd(cut(bytes, size))) {
    expect(part.length).toBeLessThanOrEqual(131_072);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function frame(flags: number, rest: readonly number[]): Buffer {
  return Buffer.from([0x28, 0xb5, 0x2f, 0xfd, flags, ...rest]);
}

/** A block: 0 raw, 1 one byte repeated. */
function block(kind: 0 | 1, size: number, content: readonly number[], isLast: boolean): readonly number[] {
  const bits = (size << 3) | (kind << 1) | (isLast ? 1 : 0);
  return [bits & 255, (bits >> 8) & 255, bits >> 16, ...content];
}

test.each([
  ['one byte', Buffer.from('x')],
  ['a sentence', Buffer.from('{"prediction_id":"p-1"}\n')],
  ['many blocks', TEXT],
  ['more than a window', Buffer.concat([TEXT, randomBytes(200_000), TEXT, TEXT])],
  ['what cannot be compressed', randomBytes(300_000)],
  ['one byte repeated', Buffer.alloc(5_000_000, 'a')],
])('gives back %s', async (_name, content) => {
  for (const level of [1, 3, 19]) expect((await read(await compress(content, level))).equals(content)).toBe(true);
});

test('the size of the pieces that arrive does not matter', async () => {
  const zipped = await compress(TEXT.subarray(0, 300_000), 3);
  for (const size of [1, 7, 4096]) expect((await read(zipped, size)).equals(TEXT.subarray(0, 300_000))).toBe(true);
});

test('frames may follow each other, with others between that are skipped', async () => {
  const [a, b] = await Promise.all([compress(Buffer.from('first '), 3), compress(TEXT, 3)]);
  const skipped = Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('12345')]);
  const empty = await compress(Buffer.alloc(0), 3);
  const all = await read(Buffer.concat([a, skipped, empty, b]), 1000);
  expect(all.equals(Buffer.concat([Buffer.from('first '), TEXT]))).toBe(true);
});

test('a body that is cut off anywhere is an error', async () => {
  const zipped = await compress(TEXT.subarray(0, 400_000), 3);
  const cuts = [0, 3, 4, 5, 9, 12, 1000, zipped.length - 5, zipped.length - 1];
  for (const at of cuts) {
    await expect(read(zipped.subarray(0, at)), `cut at ${at}`).rejects.toThrow('the zstd body ends early');
  }
});

test('what comes before the damage is delivered', async () => {
  const zipped = await compress(TEXT, 3);
  let bytes = 0;
  await expect(
    (async () => {
      for await (const part of unzstd([zipped.subarray(0, -100)])) bytes += part.length;
    })(),
  ).rejects.toThrow('ends early');
  expect(bytes).toBeGreaterThan(TEXT.length / 2);
});

test.each([
  ['text', Buffer.from('plain text that is long enough'), /not valid zstd/],
  ['a block larger than blocks may be', frame(0, [0x50, ...block(1, 200_000, [97], true)]), /not valid zstd/],
  ['a block of no known kind', frame(0, [0x50, 0x07, 0, 0, 0, 0]), /not valid zstd/],
  ['a window of 2 GB', frame(0, [0xa8, ...block(0, 1, [97], true)]), /window of 2147483648 bytes; at most 8388608/],
  ['a frame of 4 GB in one segment', frame(0xe0, [0, 0, 0, 0, 1, 0, 0, 0]), /window of 4294967296 bytes/],
  ['a dictionary', frame(1, [0x50, 7, ...block(0, 1, [97], true)]), /needs a dictionary/],
])('refuses %s', async (_name, bytes, reason) => {
  await expect(read(bytes)).rejects.toThrow(reason);
});

test('random damage ends in an error or in other bytes, never in anything worse', async () => {
  const content = TEXT.subarray(0, 200_000);
  const zipped = await compress(content, 3);
  let state = 12_345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let refused = 0;
  for (let round = 0; round < 200; round += 1) {
    const damaged = Buffer.from(zipped);
    for (let hit = 0; hit < 3; hit += 1) damaged[random(damaged.length)] = random(256);
    const outcome = await read(damaged).then(
      (bytes) => bytes.length,
      (error: unknown) => String(error),
    );
    if (typeof outcome === 'string') {
      refused += 1;
      expect(outcome).toMatch(/BodyEncodingError: the (zstd )?body/);
    } else expect(outcome).toBeLessThan(4_000_000);
  }
  expect(refused).toBeGreaterThan(0);
});

test('a small body that stands for a large one is delivered block by block', async () => {
  const blocks = Array.from({ length: 8000 }, (_, at) => block(1, 131_072, [32], at === 7999)).flat();
  const bomb = frame(0, [0x50, ...blocks]);
  expect(bomb.length).toBeLessThan(40_000);
  const before = process.memoryUsage().rss;
  let bytes = 0;
  for await (const part of unzstd([bomb])) bytes += part.length;
  expect(bytes).toBe(8000 * 131_072);
  expect(process.memoryUsage().rss - before).toBeLessThan(300_000_000);
});
