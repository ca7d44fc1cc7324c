import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { predictionLine } from '../support/client.ts';
import { type KafkaBroker, requireKafka, startKafkaBroker } from '../support/kafka-broker.ts';
import { TestProducer } from '../support/kafka-records.ts';
import { waitFor } from '../support/processes.ts';
import { ask, ServiceYard } from '../support/service.ts';

const RECORDS = 200;
const LIMIT = 50;
const source = requireKafka();
const problem = z.object({ status: z.literal(503), detail: z.string() });
const ready = z.object({ status: z.literal('ready'), collectors: z.array(z.looseObject({ collector: z.string() })) });

describe.skipIf(source === undefined)('a service that reads Kafka', () => {
  const yard = new ServiceYard();
  let broker: KafkaBroker;
  beforeAll(async () => {
    if (source !== undefined) broker = await startKafkaBroker(source);
  });
  afterAll(async () => {
    await yard.end();
    await broker?.stop();
  });

  test('is not ready while it is further behind than allowed, and is once it has caught up', async () => {
    const topic = 'behind';
    await broker.createTopic(topic, 1);
    const kafka = {
      brokers: [...broker.brokers],
      group_id: topic,
      topics: { predictions: topic },
      linger: '50ms',
      lag_limit: LIMIT,
      // Many small steps: it is behind for long enough to be seen.
      max_block_rows: 10,
    };
    const path = yard.folder({ collectors: { kafka } });
    const service = await yard.start(path);
    const look = async (): Promise<{ readonly status: number; readonly body: unknown }> => {
      const response = await fetch(`${service.url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    const isReady = async (): Promise<z.infer<typeof ready> | undefined> => {
      const { status, body } = await look();
      return status === 200 ? ready.parse(body) : undefined;
    };
    await waitFor('the service to be ready', isReady);
    const producer = await TestProducer.connect(broker.brokers);
    const lines = Array.from({ length: RECORDS }, (_, index) => predictionLine(`behind-${index}`));
    await producer.send(topic, 0, lines);
    await producer.disconnect();
    const behind = await waitFor('the service to be behind', async () => {
      const { status, body } = await look();
      return status === 503 ? problem.parse(body) : undefined;
    });
    const lag = Number(/^Kafka is (\d+) records behind; the limit is 50\.$/.exec(behind.detail)?.[1]);
    expect(lag).toBeGreaterThan(LIMIT);
    expect(lag).toBeLessThanOrEqual(RECORDS);
    const caughtUp = await waitFor('the service to catch up', isReady, 120_000);
    expect(caughtUp.collectors.map(({ collector }) => collector)).toContain('kafka');
    const stored = async (): Promise<number | undefined> =>
      (await ask(path, z.object({ n: z.number() }), 'SELECT count() AS n FROM predictions'))[0]?.n;
    await waitFor('the rest', async () => ((await stored()) === RECORDS ? true : undefined));
    expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
  }, 180_000);
});
