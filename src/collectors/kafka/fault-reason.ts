import { AppError } from '../../core/errors.ts';

/** What stands between us and the brokers, in a few words for a metric. */
export type FaultReason = 'authentication' | 'authorization' | 'topics' | 'connection' | 'silence' | 'other';

const DEPTH = 10;

/** Returns why Kafka cannot be read, from a fault or one of its causes. */
export function faultReason(fault: unknown): FaultReason {
  let each = fault;
  for (let depth = 0; depth < DEPTH && each instanceof Error; depth += 1) {
    const reason = reasonOf(each);
    if (reason !== undefined) return reason;
    each = each.cause;
  }
  return 'other';
}

function reasonOf(error: Error): FaultReason | undefined {
  if (error instanceof AppError) return OURS.get(error.code);
  const type = 'type' in error && typeof error.type === 'string' ? error.type : '';
  if (error.name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED') return 'authentication';
  if (type.endsWith('_AUTHORIZATION_FAILED')) return 'authorization';
  return CONNECTION.has(error.name) ? 'connection' : undefined;
}

const OURS = new Map<string, FaultReason>([
  ['E_KAFKA_TOPICS', 'topics'],
  ['E_KAFKA_TOKEN', 'authentication'],
  ['E_KAFKA_SILENT', 'silence'],
  ['E_KAFKA_TIMEOUT', 'connection'],
]);

const CONNECTION = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
]);
