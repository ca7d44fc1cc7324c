import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../core/errors.ts';
import { type DecodingLimits, mendDecoding } from './decode-batches.ts';
import { call, changed, field, method, replace } from './reflect.ts';

const VERSION = '2.2.4';
const DONE = Symbol.for('plumbline.kafkajs-shims');

/** What was mended, as far as others take part in it. */
class Shims {
  /** Emits `reset` with a PositionReset. */
  readonly resets = new EventEmitter().setMaxListeners(0);
  /** Of all consumers of the process. */
  readonly limits: DecodingLimits = { maxInflatedBytes: Number.MAX_SAFE_INTEGER };
}

/**
 * Mends eight faults of kafkajs 2.2.4 in its own classes, once a process: leaders that move no longer make the whole
 * group rejoin behind the backs of running handlers; offsets the broker has dropped are not committed away; where a
 * topic is begun at its end, that end is committed at once; batches of more than 120,000 records are read; a
 * batch that cannot be read is passed on as an UnreadableBatch and does not end the consumer; idle connections set no
 * timers; requests that find a connection broken make one new socket, not one each, of which all but the last would
 * stay open for as long as the process lives; what is left of an answer that broke off is not read as the beginning of
 * the next.
 *
 * @throws E_KAFKAJS when another version is installed, whose inside is not known
 */
export function applyShims(): Shims {
  const load = createRequire(import.meta.url);
  const found = field(load('kafkajs/package.json'), 'version');
  if (found !== VERSION) {
    throw new AppError('E_KAFKAJS', `kafkajs ${String(found)} is installed, but Plumbline is made for ${VERSION}.`);
  }
  const group = prototypeOf(load('kafkajs/src/consumer/consumerGroup'));
  const applied: unknown = Reflect.get(group, DONE);
  if (applied instanceof Shims) return applied;
  const shims = new Shims();
  Object.defineProperty(group, DONE, { value: shims });
  mendRecovery(group);
  const positions = prototypeOf(load('kafkajs/src/consumer/offsetManager'));
  mendReset(positions, shims.resets);
  mendStart(positions);
  mendTimers(prototypeOf(load('kafkajs/src/network/requestQueue')));
  mendConnect(prototypeOf(load('kafkajs/src/network/connection')));
  mendDecoding(load, shims.limits);
  return shims;
}

/** A position that the broker no longer has: reading goes on at `offset`, the oldest record left. */
export interface PositionReset {
  readonly memberId: unknown;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** How long to leave the brokers to elect a leader before they are asked for it. */
const ELECTION_MS = 200;
/** What every answer begins with. */
const FRAME_LENGTH_BYTES = 4;
const LEADER_MOVED = new Set([
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
]);

function mendRecovery(group: object): void {
  const original = method(group, 'recoverFromFetch');
  replace(group, 'recoverFromFetch', async function (error) {
    const type = field(error, 'type');
    if (typeof type === 'string' && LEADER_MOVED.has(type)) {
      await sleep(ELECTION_MS);
      await call(field(this, 'cluster'), 'refreshMetadata');
      return undefined;
    }
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
      // A topic made anew under its old name must not be read on from the old position: the consumer ends.
      throw Object.assign(new Error('A topic does not exist any more.'), { retriable: false });
    }
    if (field(error, 'name') === 'KafkaJSStaleTopicMetadataAssignment') {
      await call(field(this, 'cluster'), 'refreshMetadata');
      // The runner ends the handlers before it joins again.
      throw Object.assign(new Error('The partitions of a topic changed.'), {
        name: 'KafkaJSProtocolError',
        type: 'REBALANCE_IN_PROGRESS',
        retriable: true,
      });
    }
    return original.call(this, error);
  });
}

function mendReset(offsetManager: object, resets: EventEmitter): void {
  replace(offsetManager, 'setDefaultOffset', async function (place) {
    const topic = String(field(place, 'topic'));
    const partition = Number(field(place, 'partition'));
    const asked = [{ topic, partitions: [{ partition }], fromBeginning: true }];
    const answer = await call(field(this, 'cluster'), 'fetchTopicsOffset', asked);
    const offset = String(field(field(field(field(answer, '0'), 'partitions'), '0'), 'offset'));
    const committed = field(await call(this, 'committedOffsets'), topic);
    const resolved = field(field(this, 'resolvedOffsets'), topic);
    for (const offsets of [committed, resolved]) {
      if (typeof offsets === 'object' && offsets !== null) Object.assign(offsets, { [partition]: offset });
    }
    const reset: PositionReset = { memberId: field(this, 'memberId'), topic, partition, offset: Number(offset) };
    resets.emit('reset', reset);
  });
}

/**
 * Has a position that was found by looking for the end of a partition committed before anything is fetched: otherwise
 * what arrives until the first block is stored would be skipped by the next owner. Partitions that a topic already
 * read has gained are begun at their beginning.
 */
function mendStart(offsetManager: object): void {
  const original = method(offsetManager, 'resolveOffsets');
  const begun = new WeakMap<object, Promise<void>>();
  replace(offsetManager, 'resolveOffsets', async function () {
    // The fetches of several brokers ask side by side; who came late must not overwrite what was declared meanwhile.
    const known = begun.get(this);
    const beginning = known ?? commitStart(this);
    if (known === undefined) begun.set(this, beginning);
    try {
      await beginning;
    } catch (error) {
      begun.delete(this);
      throw error;
    }
    return original.call(this);
  });
}

async function commitStart(offsetManager: object): Promise<void> {
  const cluster = field(offsetManager, 'cluster');
  for (const topic of list(field(offsetManager, 'topics')).map(String)) {
    if (field(field(field(offsetManager, 'topicConfigurations'), topic), 'fromBeginning') !== false) continue;
    const ours = new Set(list(field(field(offsetManager, 'memberAssignment'), topic)).map(Number));
    const partitions = list(await call(cluster, 'findTopicPartitionMetadata', topic)).map((each) => ({
      partition: Number(field(each, 'partitionId')),
    }));
    const coordinator = await call(offsetManager, 'getCoordinator');
    const asked = { groupId: field(offsetManager, 'groupId'), topics: [{ topic, partitions }] };
    const committed = partitionsOf(await call(coordinator, 'offsetFetch', asked));
    const missing = committed.filter(({ partition, offset }) => ours.has(partition) && Number(offset) < 0);
    if (missing.length === 0) continue;
    const fromBeginning = committed.some(({ offset }) => Number(offset) >= 0);
    const wanted = missing.map(({ partition }) => ({ partition }));
    const answer = await call(cluster, 'fetchTopicsOffset', [{ topic, partitions: wanted, fromBeginning }]);
    const starts = partitionsOf({ responses: answer }).map((start) => ({ ...start, metadata: '' }));
    await call(offsetManager, 'commitOffsets', { topics: [{ topic, partitions: starts }] });
  }
}

function partitionsOf(answer: unknown): readonly { readonly partition: number; readonly offset: string }[] {
  return list(field(list(field(answer, 'responses'))[0], 'partitions')).map((each) => ({
    partition: Number(field(each, 'partition')),
    offset: String(field(each, 'offset')),
  }));
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw changed('a list');
  return value;
}

function mendTimers(queue: object): void {
  const original = method(queue, 'scheduleCheckPendingRequests');
  replace(queue, 'scheduleCheckPendingRequests', function () {
    const pending = field(this, 'pending');
    const until = Number(field(this, 'throttledUntil'));
    if (Array.isArray(pending) && pending.length === 0 && until <= Date.now()) return undefined;
    return original.call(this);
  });
}

function mendConnect(connection: object): void {
  const original = method(connection, 'connect');
  const begun = new WeakMap<object, unknown>();
  replace(connection, 'connect', function () {
    const known = begun.get(this);
    if (known !== undefined) return known;
    if (method(this, 'isConnected').call(this) !== true) {
      Object.assign(this, { chunks: [], bytesBuffered: 0, bytesNeeded: FRAME_LENGTH_BYTES });
    }
    const beginning = Promise.resolve(original.call(this)).finally(() => begun.delete(this));
    begun.set(this, beginning);
    return beginning;
  });
}

function prototypeOf(loaded: unknown): object {
  const prototype = typeof loaded === 'function' ? field(loaded, 'prototype') : undefined;
  if (typeof prototype !== 'object' || prototype === null) throw changed('a class');
  return prototype;
}
