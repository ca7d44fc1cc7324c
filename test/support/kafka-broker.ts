import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import { requireTool } from '../../scripts/real-components.ts';
import { findFreePort } from '../../src/store/engine/free-port.ts';
import { waitFor, whenClosed } from './processes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const POM = `${ROOT}test/support/kafka/pom.xml`;
const LIBS = `${ROOT}.cache/kafka/libs`;

/** Where the broker's Java classes are, or the brokers of somebody else that KAFKA_BROKERS names. */
export type KafkaSource = { readonly java: string; readonly libs: string } | { readonly brokers: readonly string[] };

/** A real Apache Kafka: one node, broker and controller in one process. */
export interface KafkaBroker {
  readonly brokers: readonly string[];
  /** Where a further listener really listens, whatever is advertised; not possible with KAFKA_BROKERS. */
  port(listener: string): number;
  createTopic(topic: string, partitions: number): Promise<void>;
  /** Where the first records of a partition lie on disk. Not possible with KAFKA_BROKERS. */
  logFile(topic: string, partition: number): string;
  /** Kills the broker's process at once; its data stay. Not possible with KAFKA_BROKERS. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A further way into the broker. */
export interface KafkaListener {
  readonly name: string;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
  /** Where clients are sent, when it is not where the broker listens. */
  readonly advertisedPort?: number;
  /** Settings of this listener, without the prefix `listener.name.<name>.`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface KafkaBrokerOptions {
  readonly listeners?: readonly KafkaListener[];
  /** Users as kafka-storage takes them: `SCRAM-SHA-256=[name=u,password=p]`. */
  readonly scram?: readonly string[];
}

/**
 * Returns what a test broker is started from: the jars of Apache Kafka, fetched once with Maven. Undefined, said
 * loudly, when Java or Maven are missing and cannot be installed.
 *
 * @throws Error in CI, where that is a failure
 */
export function requireKafka(): KafkaSource | undefined {
  const elsewhere = process.env['KAFKA_BROKERS'];
  if (elsewhere !== undefined && elsewhere !== '') return { brokers: elsewhere.split(',') };
  const java = requireTool('java');
  if (java === undefined) return undefined;
  if (existsSync(`${LIBS}/complete`)) return { java, libs: LIBS };
  const maven = requireTool('mvn');
  if (maven === undefined) return undefined;
  // Jars go to a folder of this process and then to their place in one step: test files run side by side.
  const folder = `${LIBS}.${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  const result = spawnSync(maven, ['-B', '-q', '-f', POM, ...goal], { encoding: 'utf8', timeout: 600_000 });
  if (result.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    const sentence = `the jars of Apache Kafka could not be fetched with Maven: ${result.stdout.slice(-2000)}`;
    if (process.env['CI'] === 'true') throw new Error(sentence);
    process.stderr.write(`NOT TESTED: ${sentence}\n`);
    return undefined;
  }
  writeFileSync(`${folder}/complete`, '');
  if (existsSync(`${LIBS}/complete`)) rmSync(folder, { recursive: true });
  else {
    rmSync(LIBS, { recursive: true, force: true });
    renameSync(folder, LIBS);
  }
  return { java, libs: LIBS };
}

/** Starts a broker on free ports and resolves when it answers. */
export async function startKafkaBroker(source: KafkaSource, options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  if ('brokers' in source) return elsewhere(source.brokers);
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-kafka-'));
  const { listeners = [], scram = [] } = options;
  const [port = 0, controllerPort = 0, ...more] = await Promise.all(
    Array.from({ length: 2 + listeners.length }, findFreePort),
  );
  const config = `${folder}/server.properties`;
  writeFileSync(config, properties({ folder, port, controllerPort, listeners, more }));
  const clusterId = randomBytes(16).toString('base64url');
  const format = [
    'format',
    '--standalone',
    `--cluster-id=${clusterId}`, // it may begin with a hyphen
    '--config',
    config,
    ...scram.flatMap((user) => ['--add-scram', user]),
  ];
  const formatted = spawnSync(source.java, javaArguments(source.libs, 'kafka.tools.StorageTool', format), {
    encoding: 'utf8',
  });
  if (formatted.status !== 0) throw new Error(`The storage of Kafka could not be formatted: ${formatted.stderr}`);
  const brokers = [`127.0.0.1:${port}`];
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const log = openSync(`${folder}/broker.log`, 'a');
    child = spawn(source.java, javaArguments(source.libs, 'kafka.Kafka', [config]), { stdio: ['ignore', log, log] });
    await ready(brokers, () => {
      if (child?.exitCode !== null) throw new Error(`Kafka ended: ${readFileSync(`${folder}/broker.log`, 'utf8')}`);
    });
  };
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = whenClosed(child);
    child.kill('SIGKILL');
    await closed;
  };
  await start();
  return {
    brokers,
    port: (listener) => more[listeners.findIndex(({ name }) => name === listener)] ?? 0,
    createTopic: (topic, partitions) => createTopic(brokers, topic, partitions),
    logFile: (topic, partition) => `${folder}/data/${topic}-${partition}/00000000000000000000.log`,
    kill,
    restart: start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function elsewhere(brokers: readonly string[]): KafkaBroker {
  const refuse = async (): Promise<void> => {
    throw new Error('The brokers of KAFKA_BROKERS are not ours to kill.');
  };
  return {
    brokers,
    port: () => 0,
    createTopic: (topic, partitions) => createTopic(brokers, topic, partitions),
    logFile: () => {
      throw new Error('The disks of the brokers of KAFKA_BROKERS are out of reach.');
    },
    kill: refuse,
    restart: refuse,
    stop: async () => {},
  };
}

/** Returns a client for tests; its quirks are not hidden. */
export function kafkaClient(brokers: readonly string[]): Kafka {
  return new Kafka({ clientId: 'plumbline-test', brokers: [...brokers], logLevel: logLevel.NOTHING });
}

async function createTopic(brokers: readonly string[], topic: string, partitions: number): Promise<void> {
  const admin = kafkaClient(brokers).admin();
  await admin.connect();
  try {
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: partitions }] });
    await waitFor('the topic to have leaders', async () => {
      try {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions.length === partitions ? true : undefined;
      } catch {
        return undefined; // not known everywhere yet
      }
    });
  } finally {
    await admin.disconnect();
  }
}

async function ready(brokers: readonly string[], check: () => void): Promise<void> {
  await waitFor(
    'Kafka to answer',
    async () => {
      check();
      const client = new Kafka({
        brokers: [...brokers],
        logLevel: logLevel.NOTHING,
        connectionTimeout: 1000,
        retry: { retries: 0 },
      });
      const admin = client.admin();
      try {
        await admin.connect();
        const { brokers: nodes } = await admin.describeCluster();
        return nodes.length > 0 ? true : undefined;
      } catch {
        return undefined; // not yet
      } finally {
        await admin.disconnect();
      }
    },
    120_000,
  );
}

function javaArguments(libs: string, main: string, args: readonly string[]): string[] {
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
  return ['-Xms96m', '-Xmx384m', '-XX:TieredStopAtLevel=1', quiet, '-cp', `${libs}/*`, main, ...args];
}

function properties(broker: {
  readonly folder: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly listeners: readonly KafkaListener[];
  readonly more: readonly number[];
}): string {
  const { folder, port, controllerPort, listeners, more } = broker;
  const places = listeners.map(({ name }, index) => `,${name}://127.0.0.1:${more[index]}`);
  const advertised = listeners.map((each, index) => `,${each.name}://127.0.0.1:${each.advertisedPort ?? more[index]}`);
  const protocols = listeners.map(({ name, protocol }) => `,${name}:${protocol}`);
  const settings = listeners.flatMap(({ name, settings: own = {} }) =>
    Object.entries(own).map(([key, value]) => `listener.name.${name.toLowerCase()}.${key}=${value}\n`),
  );
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}${places.join('')}
advertised.listeners=PLAINTEXT://127.0.0.1:${port}${advertised.join('')}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols.join('')}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}
log.dirs=${folder}/data
num.network.threads=2
num.io.threads=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=20000000
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
${settings.join('')}`;
}
