import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Spool, type SpooledBatch } from '../../src/store/ingest/spool.ts';

let folder: string;
let spool: Spool;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-spool-'));
  spool = new Spool(folder);
  await spool.open();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function batch(token: string): SpooledBatch {
  const body = [Buffer.from('first\n'), Buffer.from([0, 10, 255])];
  return { token, kind: 'labels', units: [{ receipt: '18446744073709551615', rows: 2 }], bytes: 9, body };
}

test('a batch is read back as it was written, byte for byte', async () => {
  await spool.write(batch('1-a'));
  const { body, ...rest } = await new Spool(folder).read('1-a');
  expect(rest).toEqual({
    token: '1-a',
    kind: 'labels',
    units: [{ receipt: '18446744073709551615', rows: 2 }],
    bytes: 9,
  });
  expect(Buffer.concat(body)).toEqual(Buffer.from([...Buffer.from('first\n'), 0, 10, 255]));
});

test('batches left behind are listed oldest first until they are removed or set aside', async () => {
  for (const token of ['2-b', '1-a', '3-c']) await spool.write(batch(token));
  expect(await spool.tokens()).toEqual(['1-a', '2-b', '3-c']);
  await spool.remove('1-a');
  await spool.remove('1-a');
  await spool.refuse('3-c');
  expect(await spool.tokens()).toEqual(['2-b']);
  expect(readdirSync(`${folder}/refused`)).toEqual(['3-c.batch']);
});

test('what was not written to its end is cleared away', async () => {
  writeFileSync(`${folder}/1-a.batch.part`, '{"token":"1-a"');
  await spool.open();
  expect(readdirSync(folder)).toEqual(['refused']);
});

test('a damaged file is told from a batch', async () => {
  await spool.write(batch('1-a'));
  truncateSync(`${folder}/1-a.batch`, 100);
  await expect(spool.read('1-a')).rejects.toThrow('The batch 1-a');
  for (const text of ['', 'no header\nbody', '{"token":"2"}\n']) {
    writeFileSync(`${folder}/2-b.batch`, text);
    await expect(spool.read('2-b')).rejects.toMatchObject({ code: 'E_SPOOL' });
  }
});
