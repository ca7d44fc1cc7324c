import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { predictionLine } from '../../support/client.ts';
import { requireKafka } from '../../support/kafka-broker.ts';
import { type Certificates, makeCertificates, securedBroker, unsignedToken } from '../../support/kafka-security.ts';
import { waitFor } from '../../support/processes.ts';
import { KafkaFixture, metric } from './fixture.ts';

const source = requireKafka();
const USER = { username: 'reader', password: 'correct-horse-7' };
const WRONG = 'wrong-horse-8';
const FAILURES = 'plumbline_kafka_failures_total';
const logLine = z.object({ level: z.number(), event: z.string().optional(), reason: z.string().optional() });

describe.skipIf(source === undefined || 'brokers' in source)(
  'the Kafka collector and a broker that asks who it is',
  () => {
    let kafka: KafkaFixture;
    let files: Certificates;
    let tokens: TokenServer;
    beforeAll(async () => {
      if (source === undefined) return;
      files = makeCertificates();
      kafka = await KafkaFixture.start(source, securedBroker(files, USER));
      tokens = await startTokenServer();
      writeFileSync(tokenFile(), `${unsignedToken('reader')}\n`);
    });
    afterAll(async () => {
      await kafka?.stop();
      tokens?.stop();
      files?.remove();
    });

    test.each([
      ['TLS', 'tls', () => ({ ssl: { ca: files.ca } })],
      ['TLS with a certificate of ours', 'mtls', () => ({ ssl: { ca: files.ca, cert: files.cert, key: files.key } })],
      ['PLAIN over TLS', 'plain', () => ({ ssl: { ca: files.ca }, sasl: { mechanism: 'plain', ...USER } })],
      ['SCRAM-SHA-256', 'scram', () => ({ sasl: { mechanism: 'scram-sha-256', ...USER } })],
      ['SCRAM-SHA-512', 'scram', () => ({ sasl: { mechanism: 'scram-sha-512', ...USER } })],
      ['OAUTHBEARER from a file', 'oauth', () => ({ sasl: { mechanism: 'oauthbearer', token_file: tokenFile() } })],
      ['OAUTHBEARER from a server', 'oauth', () => ({ sasl: oauth('reader secret') })],
    ])('reads over %s', async (name, listener, config) => {
      const topic = `read-${name.replaceAll(' ', '-').toLowerCase()}`;
      await kafka.broker.createTopic(topic, 1);
      await kafka.producer.send(topic, 0, [predictionLine(topic)]);
      const { collector } = kafka.collector({ predictions: topic }, { ...config(), brokers: at(listener) });
      await collector.start();
      const mine = `SELECT count() AS n FROM predictions WHERE prediction_id = '${topic}'`;
      await kafka.reach('the record', mine, 1);
      await collector.stop();
      expect(await kafka.count(mine)).toBe(1);
    });

    test.each([
      ['a wrong password', 'plain', () => ({ ssl: { ca: files.ca }, sasl: sasl('plain') }), 'authentication', 50],
      ['a wrong password', 'scram', () => ({ sasl: sasl('scram-sha-256') }), 'authentication', 50],
      ['a wrong password', 'scram', () => ({ sasl: sasl('scram-sha-512') }), 'authentication', 50],
      ['a wrong client secret', 'oauth', () => ({ sasl: oauth(WRONG) }), 'authentication', 50],
      [
        'no token',
        'oauth',
        () => ({ sasl: { mechanism: 'oauthbearer', token_file: '/nowhere/token' } }),
        'authentication',
        50,
      ],
      ['a certificate of strangers', 'tls', () => ({ ssl: { ca: files.strangers } }), 'connection', 40],
      ['no certificate of ours', 'mtls', () => ({ ssl: { ca: files.ca } }), 'connection', 40],
    ])(
      'says once a try that it has %s for %s, counts it and tries again',
      async (_what, listener, config, reason, level) => {
        const { logger, lines } = memoryLogger();
        const { collector, registry } = kafka.collector(
          { predictions: 'secret' },
          { ...config(), brokers: at(listener) },
          { logger },
        );
        await collector.start();
        await waitFor('a second try', async () => ((await metric(registry, FAILURES)) >= 2 ? true : undefined));
        await collector.stop();
        const told = lines.map((line) => logLine.parse(JSON.parse(line)));
        const failures = told.filter(({ event }) => event === 'kafka_consumer_failed');
        expect(failures).toHaveLength(await metric(registry, FAILURES));
        expect(failures).toEqual(failures.map(() => expect.objectContaining({ level, reason })));
        // Nothing else is said above `debug`, however often the client itself tries.
        expect(told.filter((line) => line.level > 30)).toHaveLength(failures.length);
        for (const line of lines) {
          expect(line).not.toContain(WRONG);
          expect(line).not.toContain(Buffer.from(WRONG).toString('base64'));
        }
      },
    );

    function tokenFile(): string {
      return join(dirname(files.ca), 'token');
    }

    function oauth(secret: string) {
      return {
        mechanism: 'oauthbearer',
        token_url: tokens.url,
        client_id: 'plumb line',
        client_secret: secret,
        scope: 'kafka',
      };
    }

    function at(listener: string): string[] {
      return [`127.0.0.1:${kafka.broker.port(listener.toUpperCase())}`];
    }
  },
);

function sasl(mechanism: string) {
  return { mechanism, username: USER.username, password: WRONG };
}

function memoryLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString('utf8'));
      done();
    },
  });
  return { logger: pino({ level: 'trace' }, stream), lines };
}

interface TokenServer {
  readonly url: string;
  stop(): void;
}

/** A token endpoint as RFC 6749 section 4.4 has it, for one client. */
async function startTokenServer(): Promise<TokenServer> {
  const wanted = `Basic ${Buffer.from('plumb%20line:reader%20secret').toString('base64')}`;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = new URLSearchParams(await text(request));
    const isGood =
      request.headers.authorization === wanted &&
      form.get('grant_type') === 'client_credentials' &&
      form.get('scope') === 'kafka';
    const given = { access_token: unsignedToken('reader'), token_type: 'Bearer', expires_in: 600 };
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isGood ? given : { error: 'invalid_client' }));
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/token`,
    stop: () => server.close(),
  };
}
