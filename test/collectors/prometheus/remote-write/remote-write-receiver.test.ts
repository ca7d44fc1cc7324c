import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GpuTelemetry } from '../../../../src/collectors/gpu/gpu-telemetry.ts';
import { createModelMatch } from '../../../../src/collectors/gpu/model-match.ts';
import { remoteWriteConfigSchema } from '../../../../src/collectors/prometheus/remote-write/config.ts';
import { createRemoteWriteReceiver } from '../../../../src/collectors/prometheus/remote-write/remote-write-receiver.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { Store } from '../../../../src/store/store.ts';
import { Telemetry } from '../../../../src/telemetry/telemetry.ts';
import { startTestStore, type TestStore } from '../../../support/engine.ts';
import { waitFor } from '../../../support/processes.ts';
import { encodeV1, snappy } from './encode-request.ts';

let shared: TestStore;

beforeAll(async () => {
  shared = await startTestStore();
});
afterAll(async () => {
  await shared.stop();
});

function receiver(store: Store, more: Readonly<Record<string, unknown>> = {}) {
  const telemetry = new Telemetry(new Registry());
  const taken = createRemoteWriteReceiver({
    config: remoteWriteConfigSchema.parse(more),
    gpu: new GpuTelemetry(createModelMatch([])),
    store,
    telemetry,
    logger: pino({ level: 'silent' }),
    clock: systemClock,
    wallClock: systemClock,
    random: () => 0,
  });
  return { receiver: taken, telemetry };
}

function storeAt(url: () => string): Store {
  const { username, password } = shared.engine.endpoint;
  return new Store({
    endpoint: () => ({ url: url(), username, password }),
    database: 'plumbline',
    logger: pino({ level: 'silent' }),
    telemetry: new Telemetry(new Registry()),
  });
}

/** Hands requests to the engine, and answers back only when `open` says so. */
async function startGate() {
  let held: (() => void)[] = [];
  let open = false;
  let passed = 0;
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', headers } = incoming;
    const onward = forward(`${shared.engine.endpoint.url}${incoming.url ?? '/'}`, { method, headers }, (answer) => {
      answer.resume().on('end', () => {
        passed += 1;
        const reply = (): void => void outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end();
        if (open) reply();
        else held.push(reply);
      });
    });
    incoming.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`,
    passed: () => passed,
    open: () => {
      open = true;
      for (const reply of held) reply();
      held = [];
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function body(job: string, samples = 3): Uint8Array {
  const nowMs = Date.now();
  return snappy(
    encodeV1([
      { labels: { __name__: 'a', job }, samples: Array.from({ length: samples }, (_, i) => [i, nowMs - i] as const) },
    ]),
  );
}

async function rowsOf(job: string): Promise<unknown> {
  const sql = 'SELECT count() AS n FROM metric_samples WHERE job = {job:String}';
  const [row] = await shared.store.rows({ name: 'test_count', sql, parameters: { job } });
  return row;
}

describe('remote write while the store is slow or away', () => {
  it('sends the sender away, joins what it sends again, and stores it once', async () => {
    const gate = await startGate();
    const store = storeAt(() => gate.url);
    const { receiver: slow, telemetry } = receiver(store, { answer_timeout: '100ms' });
    const request = body('slow');
    for (let round = 0; round < 2; round += 1) {
      await expect(slow.take(request, 1)).rejects.toMatchObject({ code: 'E_STORE_SLOW', retryable: true });
    }
    expect(gate.passed()).toBeLessThanOrEqual(1);
    gate.open();
    const outcome = await waitFor('the store to take it', async () => {
      try {
        return await slow.take(request, 1);
      } catch {
        return undefined;
      }
    });
    expect(outcome).toEqual({ kind: 'taken', written: 3, refusals: [] });
    expect(gate.passed()).toBe(1);
    expect(await rowsOf('slow')).toEqual({ n: 3 });
    expect(await telemetry.registry.metrics()).toMatch(/plumbline_remote_write_turned_away_total [2-9]/);
    await slow.stop();
    await store.close();
    await gate.stop();
  });

  it('fails for now when it is away, and stores the same request once afterwards, also in another process', async () => {
    let url = 'http://127.0.0.1:9';
    const store = storeAt(() => url);
    const first = receiver(store).receiver;
    const request = body('away');
    await expect(first.take(request, 1)).rejects.toMatchObject({ code: 'E_STORE', retryable: true });
    url = shared.engine.endpoint.url;
    expect(await first.take(request, 1)).toMatchObject({ kind: 'taken', written: 3 });
    await first.stop();
    const second = receiver(store).receiver;
    expect(await second.take(request, 1)).toMatchObject({ kind: 'taken', written: 3 });
    await second.stop();
    await store.close();
    expect(await rowsOf('away')).toEqual({ n: 3 });
  });

  it('stores what is in hand before it ends', async () => {
    const { receiver: ending } = receiver(shared.store);
    const taking = ending.take(body('ending', 500), 1);
    await ending.stop();
    expect(await taking).toMatchObject({ kind: 'taken', written: 500 });
    expect(await rowsOf('ending')).toEqual({ n: 500 });
  });
});
