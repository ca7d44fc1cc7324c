import { describe, expect, test } from 'vitest';
import { createClient } from '../../../src/collectors/kafka/kafkajs/client.ts';
import { parseConfig } from '../../../src/config.ts';
import { pino } from 'pino';

const BROKERS = ['broker-1:9092'];

describe('collectors.kafka', () => {
  test('needs only brokers and a topic', () => {
    const { kafka } = parseConfig(
      { collectors: { kafka: { brokers: BROKERS, topics: { predictions: 'p' } } } },
      'test',
    ).collectors;
    expect(kafka).toMatchObject({
      brokers: BROKERS,
      group_id: 'plumbline',
      topics: { predictions: ['p'], labels: [], business: [], events: [] },
      from: 'earliest',
      session_timeout: 30_000,
      max_inflated_bytes: 268_435_456,
    });
  });

  test.each([
    [{ topics: { predictions: 'p' } }, /collectors\.kafka\.brokers/],
    [{ brokers: [], topics: { predictions: 'p' } }, /collectors\.kafka\.brokers/],
    [{ brokers: ['http://broker'], topics: { predictions: 'p' } }, /collectors\.kafka\.brokers\.0 .*host:port/],
    [{ brokers: BROKERS, topics: {} }, /collectors\.kafka\.topics .*at least one topic/],
    [{ brokers: BROKERS, topics: { predictions: 'p', labels: ['l', 'p'] } }, /collectors\.kafka\.topics .*twice/],
    [{ brokers: BROKERS, topics: { predictions: 'no spaces' } }, /collectors\.kafka\.topics\.predictions/],
    [
      { brokers: BROKERS, topics: { predictions: 'p' }, sasl: { mechanism: 'gssapi', username: 'u', password: 'p' } },
      /collectors\.kafka\.sasl\.mechanism/,
    ],
    [
      { brokers: BROKERS, topics: { predictions: 'p' }, sasl: { mechanism: 'oauthbearer' } },
      /collectors\.kafka\.sasl\.token_file .*token_url/,
    ],
    [
      {
        brokers: BROKERS,
        topics: { predictions: 'p' },
        sasl: { mechanism: 'oauthbearer', token_url: 'https://login.example/token', client_id: 'c' },
      },
      /collectors\.kafka\.sasl\.client_id .*client_secret/,
    ],
    [
      { brokers: BROKERS, topics: { predictions: 'p' }, session_timeout: 'soon' },
      /collectors\.kafka\.session_timeout .*duration/,
    ],
    [
      { brokers: BROKERS, topics: { predictions: 'p' }, max_fetch_bytes: 2000 },
      /collectors\.kafka\.max_partition_fetch_bytes .*max_fetch_bytes/,
    ],
    [
      { brokers: BROKERS, topics: { predictions: 'p' }, linger: '40s' },
      /collectors\.kafka\.request_timeout .*longer than linger/,
    ],
    [
      { brokers: BROKERS, topics: { predictions: 'p' }, silence_timeout: '1s' },
      /collectors\.kafka\.silence_timeout .*longer than linger/,
    ],
    [{ brokers: BROKERS, topics: { predictions: 'p' }, group: 'g' }, /group/],
  ])('is refused with a sentence that names the place: %o', (kafka, sentence) => {
    expect(() => parseConfig({ collectors: { kafka } }, 'test')).toThrow(sentence);
  });

  test('is refused when a certificate cannot be read', () => {
    const ssl = { ca: '/nowhere/ca.pem' };
    const { kafka } = parseConfig(
      { collectors: { kafka: { brokers: BROKERS, topics: { labels: 'l' }, ssl } } },
      'test',
    ).collectors;
    if (kafka === undefined) throw new Error('There is no configuration.');
    expect(() => createClient(kafka, pino({ level: 'silent' }), Date.now)).toThrow(
      'collectors.kafka.ssl.ca: cannot read /nowhere/ca.pem',
    );
  });
});
