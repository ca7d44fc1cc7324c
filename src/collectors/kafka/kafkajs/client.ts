import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type Kafka, type KafkaConfig as KafkaJsConfig, type logLevel, type SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import { ConfigError } from '../../../core/errors.ts';
import type { KafkaConfig } from '../config.ts';
import { createTokenSource } from './oauth-token.ts';

/**
 * Returns a client for the configured brokers; it connects to nothing yet.
 *
 * @throws ConfigError when a certificate or key cannot be read
 */
export function createClient(config: KafkaConfig, logger: Logger, now: () => number): Kafka {
  const ssl = sslOf(config.ssl);
  const settings: KafkaJsConfig = {
    clientId: config.client_id,
    brokers: config.brokers,
    connectionTimeout: 10_000,
    authenticationTimeout: 10_000,
    requestTimeout: config.request_timeout,
    retry: { initialRetryTime: 200, maxRetryTime: 5000, retries: 5 },
    logCreator: () => forwardTo(logger),
    ...(ssl === false ? {} : { ssl }),
    ...(config.sasl === undefined ? {} : { sasl: saslOf(config.sasl, now) }),
  };
  return new kafkajs.Kafka(settings);
}

function sslOf(ssl: KafkaConfig['ssl']): boolean | ConnectionOptions {
  if (typeof ssl === 'boolean') return ssl;
  return {
    rejectUnauthorized: ssl.verify,
    ...(ssl.server_name === undefined ? {} : { servername: ssl.server_name }),
    ...(ssl.ca === undefined ? {} : { ca: readPem('ca', ssl.ca) }),
    ...(ssl.cert === undefined ? {} : { cert: readPem('cert', ssl.cert) }),
    ...(ssl.key === undefined ? {} : { key: readPem('key', ssl.key) }),
  };
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`collectors.kafka.ssl.${name}: cannot read ${path}`, { cause: error });
  }
}

function saslOf(sasl: NonNullable<KafkaConfig['sasl']>, now: () => number): SASLOptions {
  switch (sasl.mechanism) {
    case 'plain':
      return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password };
    case 'scram-sha-256':
      return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password };
    case 'scram-sha-512':
      return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password };
    case 'oauthbearer': {
      const source = createTokenSource(sasl, { now, fetch });
      return { mechanism: sasl.mechanism, oauthBearerProvider: async () => ({ value: await source() }) };
    }
  }
}

/**
 * The client says `error`, a dozen times over, where it only tries again. What it cannot mend ends its consumer, and
 * the collector says that, once.
 */
function forwardTo(logger: Logger): (entry: { level: logLevel; log: { message: string } }) => void {
  return ({ level, log }) => {
    const fields = { event: 'kafka_client', detail: log.message };
    if (level === kafkajs.logLevel.ERROR) logger.debug(fields, 'The Kafka client reports a fault.');
    else logger.trace(fields, 'The Kafka client reports.');
  };
}
