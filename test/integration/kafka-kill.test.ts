import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { kafkaConfigSchema } from '../../src/collectors/kafka/config.ts';
import { KafkaCollector } from '../../src/collectors/kafka/kafka-collector.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import { attachToEngine } from '../../src/store/engine/embedded-engine.ts';
import { Store } from '../../src/store/store.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { BLOCK_STEPS, dyingAt } from '../support/block-deaths.ts';
import { type KafkaBroker, kafkaClient, requireKafka, startKafkaBroker } from '../support/kafka-broker.ts';
import { KafkaTraffic } from '../support/kafka-records.ts';
import { waitFor } from '../support/processes.ts';
import { ask, ServiceYard } from '../support/service.ts';

// A few deaths by default; a campaign is run with PLUMBLINE_KILL_ROUNDS=10.
const ROUNDS = Number(process.env['PLUMBLINE_KILL_ROUNDS'] ?? 1);
const PARTITIONS = 3;
const source = requireKafka();
const counts = z.object({ stored: z.number(), unique: z.number(), rolled: z.number(), receipts: z.number() });
const COUNTS = `SELECT count() AS stored, uniqExact(prediction_id) AS unique,
  (SELECT sum(requests) FROM service_per_minute WHERE segment = '') AS rolled,
  (SELECT sum(accepted) FROM ingest_receipts) AS receipts FROM predictions`;

describe.skipIf(source === undefined)('every record of Kafka is stored once and counted once', () => {
  const yard = new ServiceYard();
  let broker: KafkaBroker;
  beforeAll(async () => {
    if (source !== undefined) broker = await startKafkaBroker(source);
  });
  afterAll(async () => {
    await yard.end();
    await broker?.stop();
  });

  test(`through ${ROUNDS} deaths each of the service, the engine and the broker`, {
    timeout: 120_000 * (ROUNDS + 1),
  }, async () => {
    const { path, traffic } = await prepare('kill');
    let service = await yard.start(path);
    const deaths = { service: 0, engine: 0, broker: 0 };
    for (let round = 0; round < 3 * ROUNDS; round += 1) {
      await progress(path, traffic);
      await atSomeMoment();
      if (round % 3 === 0) {
        service.kill('SIGKILL');
        await service.closed;
        service = await yard.start(path);
        deaths.service += 1;
      } else if (round % 3 === 1) {
        process.kill(service.enginePid(), 'SIGKILL');
        deaths.engine += 1;
      } else if (process.env['KAFKA_BROKERS'] === undefined) {
        await broker.kill();
        await broker.restart();
        deaths.broker += 1;
      }
    }
    await verify({ path, topic: 'kill', traffic, what: deaths });
    expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
  });

  test(`through ${ROUNDS} deaths of the service, and of the engine, at every step of a block`, {
    timeout: 60_000 * BLOCK_STEPS.length * (ROUNDS + 1),
  }, async () => {
    const { path, traffic } = await prepare('steps');
    const deaths: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const step of BLOCK_STEPS) {
        const service = await yard.start(path, dyingAt(step, blocksUntilDeath()));
        expect(await service.closed).toEqual({ code: null, signal: 'SIGKILL' });
        deaths[`service ${step}`] = (deaths[`service ${step}`] ?? 0) + 1;
      }
      for (const step of ['declared', 'inserting', 'inserted'] as const) {
        const service = await yard.start(path, dyingAt(step, blocksUntilDeath(), `${path}/data/engine-process.json`));
        await waitFor('the engine to die', () => service.log().find(({ event }) => event === 'engine_died'));
        await progress(path, traffic);
        expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
        deaths[`engine ${step}`] = (deaths[`engine ${step}`] ?? 0) + 1;
      }
    }
    const service = await yard.start(path);
    await verify({ path, topic: 'steps', traffic, what: deaths });
    expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
  });

  test('through a process that sleeps until others own its partitions, and then wakes up', {
    timeout: 180_000,
  }, async () => {
    const { path, traffic, kafka } = await prepare('zombie');
    const sleeper = await yard.start(path);
    const store = storeOf(path);
    const registry = new Registry();
    const other = new KafkaCollector({
      config: kafkaConfigSchema.parse(kafka),
      store,
      telemetry: new Telemetry(registry),
      health: undefined,
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      random: Math.random,
    });
    for (let nap = 0; nap < Math.ceil(ROUNDS / 2); nap += 1) {
      await progress(path, traffic);
      await atSomeMoment();
      sleeper.kill('SIGSTOP');
      await other.start();
      // The group waits for the sleeper until its session ends; from then on its partitions are read by the other.
      const before = await blocksOf(registry);
      await waitFor(
        'the other to read',
        async () => ((await blocksOf(registry)) > before + PARTITIONS ? true : undefined),
        120_000,
      );
      sleeper.kill('SIGCONT');
      await progress(path, traffic);
    }
    await other.stop();
    await verify({ path, topic: 'zombie', traffic, what: { naps: Math.ceil(ROUNDS / 2) } });
    expect(await yard.stop(sleeper)).toEqual({ code: 0, signal: null });
    await store.close();
  });

  async function prepare(topic: string) {
    await broker.createTopic(topic, PARTITIONS);
    const kafka = {
      brokers: [...broker.brokers],
      group_id: topic,
      topics: { predictions: topic },
      session_timeout: '6s',
      rebalance_timeout: '6s',
      linger: '50ms',
      min_fetch_bytes: 1,
      max_block_rows: 700,
    } satisfies NonNullable<NonNullable<ConfigInput['collectors']>['kafka']>;
    const path = yard.folder({ collectors: { kafka } });
    return { path, kafka, traffic: await KafkaTraffic.start(broker.brokers, { topic, partitions: PARTITIONS }) };
  }

  /** Resolves when what is in the log has been stored, is unique and is counted once everywhere; fails otherwise. */
  async function verify(run: {
    readonly path: string;
    readonly topic: string;
    readonly traffic: KafkaTraffic;
    readonly what: Readonly<Record<string, number>>;
  }): Promise<void> {
    const { path, topic, traffic, what } = run;
    await traffic.end();
    const admin = kafkaClient(broker.brokers).admin();
    await admin.connect();
    const inLog = (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
    await waitFor(
      'the whole log to be committed',
      async () => {
        const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
        const stored = group?.partitions.reduce((sum, { offset }) => sum + Number(offset), 0);
        return stored === inLog ? true : undefined;
      },
      120_000,
    );
    await admin.disconnect();
    const [row] = await ask(path, counts, COUNTS);
    process.stdout.write(`${JSON.stringify({ ...what, acknowledged: traffic.acknowledged, inLog, ...row })}\n`);
    expect(inLog).toBeGreaterThanOrEqual(traffic.acknowledged);
    expect(row).toEqual({ stored: inLog, unique: inLog, rolled: inLog, receipts: inLog });
  }
});

/** Resolves when more has been stored than before, while more is being sent. */
async function progress(path: string, traffic: KafkaTraffic): Promise<void> {
  const sent = traffic.acknowledged;
  const before = await stored(path);
  await waitFor(
    'records to be stored',
    async () => (traffic.acknowledged > sent && (await stored(path)) > before ? true : undefined),
    120_000,
  );
}

async function stored(path: string): Promise<number> {
  try {
    const [row] = await ask(path, z.object({ n: z.number() }), 'SELECT count() AS n FROM predictions');
    return row?.n ?? 0;
  } catch {
    return 0; // the engine is away: that is the point
  }
}

async function blocksOf(registry: Registry): Promise<number> {
  const counter = await registry.getSingleMetric('plumbline_kafka_blocks_total')?.get();
  return (counter?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** So many that what has piled up is stored: blocks are smaller then than one that is chosen anew after the death. */
function blocksUntilDeath(): number {
  return 8 * PARTITIONS + Math.floor(Math.random() * 2 * PARTITIONS);
}

/** Lets a death happen between any two steps of a block. */
async function atSomeMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
}

function storeOf(path: string): Store {
  return new Store({
    endpoint: () => {
      const endpoint = attachToEngine(`${path}/data`);
      if (endpoint === undefined) throw new Error('No engine runs.');
      return endpoint;
    },
    database: 'plumbline',
    logger: pino({ level: 'silent' }),
    telemetry: new Telemetry(new Registry()),
  });
}
