import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { applyShims } from '../../../src/collectors/kafka/kafkajs/shims.ts';
import { waitFor } from '../../support/processes.ts';

const load = createRequire(import.meta.url);

describe('kafkajs, mended', () => {
  const shims = applyShims();

  test('is mended once, however often it is asked for', () => {
    expect(applyShims()).toBe(shims);
  });

  test('asks for the new leader and does not join the group again when a leader moves', async () => {
    const calls: string[] = [];
    await recover(calls, { type: 'NOT_LEADER_FOR_PARTITION' });
    expect(calls).toEqual(['refreshMetadata']);
  });

  test('has its handlers ended before it joins again when partitions change', async () => {
    const calls: string[] = [];
    const fault = { name: 'KafkaJSStaleTopicMetadataAssignment' };
    await expect(recover(calls, fault)).rejects.toMatchObject({ type: 'REBALANCE_IN_PROGRESS', retriable: true });
    expect(calls).toEqual(['refreshMetadata']);
  });

  test('ends when a topic is gone', async () => {
    const calls: string[] = [];
    await expect(recover(calls, { type: 'UNKNOWN_TOPIC_OR_PARTITION' })).rejects.toMatchObject({ retriable: false });
    expect(calls).toEqual([]);
  });

  test('passes other faults of a fetch on', async () => {
    await expect(recover([], Object.assign(new Error('other'), { type: 'OTHER' }))).rejects.toThrow('other');
  });

  test('goes on at the oldest record when the broker has dropped its position, and commits nothing', async () => {
    const OffsetManager = load('kafkajs/src/consumer/offsetManager');
    const manager = Object.assign(Object.create(OffsetManager.prototype), {
      memberId: 'm-1',
      resolvedOffsets: { t: { 3: '5' } },
      cluster: {
        committedOffsets: () => ({ t: { 3: '5' } }),
        fetchTopicsOffset: async (asked: unknown) => {
          expect(asked).toEqual([{ topic: 't', partitions: [{ partition: 3 }], fromBeginning: true }]);
          return [{ topic: 't', partitions: [{ partition: 3, offset: '77' }] }];
        },
      },
      groupId: 'g',
    });
    const seen: unknown[] = [];
    shims.resets.once('reset', (reset) => seen.push(reset));
    await manager.setDefaultOffset({ topic: 't', partition: 3 });
    expect(seen).toEqual([{ memberId: 'm-1', topic: 't', partition: 3, offset: 77 }]);
    expect(manager.nextOffset('t', 3).toString()).toBe('77');
  });

  test('sets no timer while no request waits, and one when a request does', () => {
    const queue = newQueue();
    queue.checkPendingRequests();
    expect(queue.throttleCheckTimeoutId).toBeNull();
    queue.maybeThrottle(60_000);
    queue.pending.push({});
    queue.scheduleCheckPendingRequests();
    expect(queue.throttleCheckTimeoutId).not.toBeNull();
    queue.destroy();
  });

  test('makes one socket for all requests that find a connection broken, and leaves none open', async () => {
    const { server, sockets, port } = await listen();
    const connection = newConnection(port);
    for (const round of [1, 2]) {
      await Promise.all([connection.connect(), connection.connect(), connection.connect()]);
      await waitFor('the sockets', () => (sockets.length >= round ? true : undefined));
      expect(sockets).toHaveLength(round);
      await connection.disconnect();
    }
    for (const socket of sockets) if (!socket.closed) await once(socket, 'close');
    server.close();
    await once(server, 'close');
  });

  test('tries anew after it could not connect', async () => {
    const { server, port } = await listen();
    server.close();
    await once(server, 'close');
    const connection = newConnection(port);
    await expect(Promise.all([connection.connect(), connection.connect()])).rejects.toThrow('ECONNREFUSED');
    const again = createServer((socket) => socket.resume()).listen(port, '127.0.0.1');
    await once(again, 'listening');
    await connection.connect();
    expect(connection.isConnected()).toBe(true);
    await connection.disconnect();
    again.close();
    await once(again, 'close');
  });

  test('does not read what is left of a broken answer as the beginning of the next', async () => {
    const { server, sockets, port } = await listen();
    const connection = newConnection(port);
    await connection.connect();
    await waitFor('the socket', () => sockets[0]);
    sockets[0]?.end(Buffer.from([0, 0, 1, 0, 7, 7]));
    await waitFor('the end', () => (connection.isConnected() ? undefined : true));
    expect(connection.bytesBuffered).toBe(6);
    await connection.connect();
    expect(connection).toMatchObject({ chunks: [], bytesBuffered: 0, bytesNeeded: 4 });
    await connection.disconnect();
    server.close();
    await once(server, 'close');
  });
});

async function listen(): Promise<{ server: Server; sockets: Socket[]; port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { server, sockets, port: address.port };
}

function newConnection(port: number) {
  const Connection = load('kafkajs/src/network/connection');
  const silent = { debug: () => {}, error: () => {}, namespace: () => silent };
  return new Connection({
    host: '127.0.0.1',
    port,
    logger: silent,
    socketFactory: load('kafkajs/src/network/socketFactory')(),
    requestTimeout: 1000,
    connectionTimeout: 1000,
  });
}

async function recover(calls: string[], fault: unknown): Promise<unknown> {
  const ConsumerGroup = load('kafkajs/src/consumer/consumerGroup');
  const group = Object.assign(Object.create(ConsumerGroup.prototype), {
    logger: { debug: () => {}, warn: () => {} },
    cluster: { refreshMetadata: async () => calls.push('refreshMetadata') },
    joinAndSync: async () => calls.push('joinAndSync'),
  });
  return group.recoverFromFetch(fault);
}

function newQueue() {
  const RequestQueue = load('kafkajs/src/network/requestQueue');
  return new RequestQueue({ logger: { debug: () => {} }, maxInFlightRequests: 1, requestTimeout: 1000 });
}
