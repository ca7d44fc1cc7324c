import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { attachToEngine } from '../../src/store/engine/embedded-engine.ts';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { isRunning, peakMemoryBytes, runPlumbline, waitFor } from '../support/processes.ts';
import { ask, type ServiceProcess, ServiceYard } from '../support/service.ts';

const yard = new ServiceYard();
afterAll(async () => {
  await yard.end();
});

const countSchema = z.object({ n: z.number(), ids: z.number() });

async function storedUnder(path: string, prefix: string): Promise<z.infer<typeof countSchema> | undefined> {
  const sql = `SELECT count() AS n, uniqExact(prediction_id) AS ids FROM predictions WHERE startsWith(prediction_id, '${prefix}')`;
  const [row] = await ask(path, countSchema, sql);
  return row;
}

describe('a running service', () => {
  let path: string;
  let service: ServiceProcess;
  beforeAll(async () => {
    path = yard.folder({ server: { answer_timeout: '4s' } });
    service = await yard.start(path);
  });

  test('refuses a second owner of its data folder in one sentence that names the first', async () => {
    const second = await runPlumbline(['serve', '--config', `${path}/plumbline.yaml`]);
    expect(second.code).toBe(3);
    const sentence = second.stderr.split('\n').find((line) => line.startsWith('plumbline: '));
    expect(sentence).toBe(`plumbline: The data directory ${path}/data is in use by process ${service.pid}.`);
    expect((await request(`${service.url}/healthz`)).status).toBe(200);
  });

  test('brings a killed engine back at the same address, with its data', async () => {
    await storeOne(service.url, 'before-death');
    const address = attachToEngine(`${path}/data`)?.url;
    const before = service.enginePid();
    process.kill(before, 'SIGKILL');
    const after = await request(`${service.url}/v1/predictions`, {
      body: predictionLine('after-death'),
      headers: NDJSON,
    });
    await waitFor('another engine', () => (service.enginePid() === before ? undefined : true));
    await waitFor('the service to be ready', async () =>
      (await request(`${service.url}/readyz`)).status === 200 ? true : undefined,
    );
    expect(attachToEngine(`${path}/data`)?.url).toBe(address);
    if (after.status !== 200) {
      expect(after.status).toBe(503);
      await storeOne(service.url, 'after-death');
    }
    expect(await storedUnder(path, 'before-death')).toEqual({ n: 1, ids: 1 });
    expect(await storedUnder(path, 'after-death')).toEqual({ n: 1, ids: 1 });
    expect(service.log().map((line) => line['event'])).toContain('engine_died');
  });

  test('answers 503 with Retry-After while the engine hangs, and stores each record once when it is back', async () => {
    const post = () =>
      request(`${service.url}/v1/predictions`, {
        body: predictionLine('hanging'),
        headers: { ...NDJSON, 'idempotency-key': 'hanging' },
      });
    process.kill(service.enginePid(), 'SIGSTOP');
    try {
      for (const answer of await Promise.all([post(), post()])) {
        expect(answer.status).toBe(503);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(answer.json()).toMatchObject({ status: 503, detail: expect.stringMatching(/send them again/) });
      }
      const ready = await request(`${service.url}/readyz`, { signal: AbortSignal.timeout(10_000) });
      expect(ready.status).toBe(503);
      expect(ready.headers.get('retry-after')).toBe('5');
      expect((await request(`${service.url}/healthz`)).status).toBe(200);
    } finally {
      process.kill(service.enginePid(), 'SIGCONT');
    }
    const answer = await waitFor('the record to be taken', async () => {
      const again = await post();
      return again.status === 200 ? again : undefined;
    });
    expect(answer.receipt()).toEqual({ accepted: 1, rejected: 0, errors: [] });
    expect(await storedUnder(path, 'hanging')).toEqual({ n: 1, ids: 1 });
  });

  test('drains at SIGTERM: what it acknowledged is there after the next start', async () => {
    const posts = Array.from({ length: 40 }, (_, index) =>
      request(`${service.url}/v1/predictions`, { body: predictionLine(`drain-${index}`), headers: NDJSON }).catch(
        () => undefined,
      ),
    );
    await posts[0];
    const engine = service.enginePid();
    const asked = performance.now();
    expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
    expect(performance.now() - asked).toBeLessThan(25_000);
    expect(isRunning(engine)).toBe(false);
    const acknowledged = (await Promise.all(posts)).filter((answer) => answer?.status === 200).length;
    expect(acknowledged).toBeGreaterThan(0);
    yard.configure(path, {});
    service = await yard.start(path);
    const stored = await storedUnder(path, 'drain-');
    expect(stored?.ids).toBe(stored?.n);
    expect(stored?.n).toBeGreaterThanOrEqual(acknowledged);
  });

  test('takes a body of 300 MB in without holding it in memory', { timeout: 180_000 }, async () => {
    const before = residentBytes(service.pid);
    const answer = await request(`${service.url}/v1/predictions`, {
      body: wideLines({ count: 3000, bytes: 100_000, prefix: 'wide' }),
      headers: { ...NDJSON, 'idempotency-key': 'wide' },
      signal: AbortSignal.timeout(300_000),
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.receipt()).toEqual({ accepted: 3000, rejected: 0, errors: [] });
    expect(await storedUnder(path, 'wide')).toEqual({ n: 3000, ids: 3000 });
    expect(peakMemoryBytes(service.pid) - before).toBeLessThan(200_000_000);
  });

  test('leaves no engine behind when it is killed, and another takes its folder over', async () => {
    const engine = service.enginePid();
    service.kill('SIGKILL');
    await service.closed;
    await waitFor('the engine to notice', () => (isRunning(engine) ? undefined : true), 10_000);
    const next = await yard.start(path);
    expect(await storedUnder(path, 'before-death')).toEqual({ n: 1, ids: 1 });
    expect(await yard.stop(next)).toEqual({ code: 0, signal: null });
  });
});

/** Sends one prediction until it is taken: a busy machine may need longer than the answer timeout of this service. */
async function storeOne(url: string, id: string): Promise<void> {
  await waitFor('the record to be taken', async () => {
    const answer = await request(`${url}/v1/predictions`, { body: predictionLine(id), headers: NDJSON });
    if (answer.status !== 200) expect(answer.status).toBe(503);
    return answer.status === 200 ? true : undefined;
  });
}

/** Valid predictions of about `bytes` each, made as they are sent. */
function wideLines(options: {
  readonly count: number;
  readonly bytes: number;
  readonly prefix: string;
}): ReadableStream<Uint8Array> {
  const padding = 'abcdefghij'.repeat(options.bytes / 10);
  let made = 0;
  return new ReadableStream({
    pull(controller) {
      if (made === options.count) {
        controller.close();
        return;
      }
      controller.enqueue(Buffer.from(`${predictionLine(`${options.prefix}-${made}`, { padding })}\n`));
      made += 1;
    },
  });
}

function residentBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1]) * 1024;
}
