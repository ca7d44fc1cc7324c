import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/core/clock.ts';
import { IngestClient } from '../../src/demo/ingest-client.ts';
import { type IngestSink, startIngestSink } from './ingest-sink.ts';

let sink: IngestSink | undefined;
afterEach(() => sink?.stop());

function clientOf({ url }: IngestSink, inFlight = 2): IngestClient {
  return new IngestClient({ url, clock: new FakeClock(0), random: () => 0.5, inFlight });
}

describe('IngestClient', () => {
  it('counts what the service has acknowledged', async () => {
    sink = await startIngestSink();
    const client = clientOf(sink);
    await client.send('/v1/predictions', Buffer.from('{"a":1}\n{"a":2}\n'), 'p');
    await client.send('/v1/labels', Buffer.from('{"a":1}\n'), 'l');
    await client.settle();
    expect(client.totals).toEqual({
      records: { '/v1/predictions': 2, '/v1/labels': 1, '/v1/business': 0, '/v1/events': 0 },
      bytes: 24,
    });
  });

  it('sends a refused body again under the same key', async () => {
    let refusals = 2;
    sink = await startIngestSink(() => ({ status: refusals-- > 0 ? 503 : 200 }));
    const client = clientOf(sink);
    await client.send('/v1/predictions', Buffer.from('{"a":1}\n'), 'one key');
    await client.settle();
    expect(sink.bodies.map(({ key }) => key)).toEqual(['one key', 'one key', 'one key']);
    expect(client.totals.records['/v1/predictions']).toBe(1);
  });

  it('never has more bodies on their way than allowed', async () => {
    sink = await startIngestSink();
    const client = clientOf(sink, 3);
    for (let i = 0; i < 20; i += 1) await client.send('/v1/predictions', Buffer.from('{"a":1}\n'), `key ${i}`);
    await client.settle();
    expect(sink.bodies).toHaveLength(20);
    expect(sink.mostOpen).toBeLessThanOrEqual(3);
  });

  it('fails with line, field and reason when a record was rejected, also on the next call', async () => {
    sink = await startIngestSink(() => ({ status: 200, rejected: 1 }));
    const client = clientOf(sink);
    await client.send('/v1/labels', Buffer.from('{"a":1}\n'), 'k');
    await expect(client.settle()).rejects.toThrow('POST /v1/labels rejected 1 lines; line 1: ts is required.');
    await expect(client.send('/v1/labels', Buffer.from('{"a":1}\n'), 'k2')).rejects.toMatchObject({
      code: 'E_DEMO_INGEST',
    });
  });

  it('does not repeat what the service will never take', async () => {
    sink = await startIngestSink(() => ({ status: 400 }));
    const client = clientOf(sink);
    await client.send('/v1/labels', Buffer.from('{"a":1}\n'), 'k');
    await expect(client.settle()).rejects.toMatchObject({ code: 'E_DEMO_INGEST', retryable: false });
    expect(sink.bodies).toHaveLength(1);
  });

  it('sends nothing for an empty body', async () => {
    sink = await startIngestSink();
    const client = clientOf(sink);
    await client.send('/v1/labels', Buffer.alloc(0), 'k');
    await client.settle();
    expect(sink.bodies).toEqual([]);
  });
});
