import { compress } from '@mongodb-js/zstd';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { NDJSON, request } from '../support/client.ts';
import { peakMemoryBytes } from '../support/processes.ts';
import { ask, ServiceYard } from '../support/service.ts';

/** Unzipped; ask for 1 GB with PLUMBLINE_TEST_BODY_BYTES=1000000000. */
const BODY_BYTES = Number(process.env['PLUMBLINE_TEST_BODY_BYTES'] ?? 300_000_000);
const LINE_BYTES = 100_000;
const FRAME_LINES = 100;

const yard = new ServiceYard();
afterAll(async () => {
  await yard.end();
});

test('a zstd body much larger than the memory it may take is stored whole', { timeout: 600_000 }, async () => {
  const path = yard.folder({ rules: [] });
  const service = await yard.start(path);
  await request(`${service.url}/v1/predictions`, { body: lines(1, 'warm-').toString('utf8'), headers: NDJSON });
  const count = Math.ceil(BODY_BYTES / LINE_BYTES);
  const before = peakMemoryBytes(service.pid);
  const answer = await request(`${service.url}/v1/predictions`, {
    body: frames(count),
    headers: { ...NDJSON, 'content-encoding': 'zstd', 'idempotency-key': 'wide' },
    signal: AbortSignal.timeout(500_000),
  });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.receipt()).toEqual({ accepted: count, rejected: 0, errors: [] });
  const [stored] = await ask(
    path,
    z.object({ n: z.number(), ids: z.number() }),
    `SELECT count() AS n, uniqExact(prediction_id) AS ids FROM predictions WHERE startsWith(prediction_id, 'wide-')`,
  );
  expect(stored).toEqual({ n: count, ids: count });
  expect(peakMemoryBytes(service.pid) - before).toBeLessThan(200_000_000);
});

function frames(count: number): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      const frame = await compress(lines(Math.min(FRAME_LINES, count - sent), `wide-${sent}-`), 3);
      controller.enqueue(new Uint8Array(frame));
      sent += FRAME_LINES;
      if (sent >= count) controller.close();
    },
  });
}

function lines(count: number, prefix: string): Buffer {
  const texts = Array.from({ length: count }, (_, at) => {
    const start = `{"prediction_id":"${prefix}${at}","ts":"2026-05-01T10:00:00Z","model":"wide","features":{"x":${at}},"note":"`;
    return `${start}${`${prefix}${at} `.repeat(LINE_BYTES).slice(0, LINE_BYTES - start.length - 3)}"}\n`;
  });
  return Buffer.from(texts.join(''));
}
