// Loaded before the built program by `dyingAt`: watches its commits to Kafka and its inserts, and kills at one of them.
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { field, type Method, method, replace } from '../../src/collectors/kafka/kafkajs/reflect.ts';
import { readIdentity } from '../../src/store/engine/process-identity.ts';
import { BLOCK_STEPS, type BlockStep } from './block-deaths.ts';

const { DIE_AT: wanted, DIE_AFTER: times, DIE_ENGINE: engine } = process.env;
const step = BLOCK_STEPS.find((each) => each === wanted);
if (step === undefined) throw new Error(`DIE_AT must be one of ${BLOCK_STEPS.join(', ')}.`);
let left = Number(times);
/** An insert with its views takes some ten milliseconds. */
const INSERT_MS = 20;

function reached(at: BlockStep, afterMs = 0): void {
  if (at !== step) return;
  left -= 1;
  if (left !== 0) return;
  if (afterMs === 0) kill();
  else setTimeout(kill, afterMs);
}

function kill(): void {
  const victim = engine === undefined ? process.pid : readIdentity(engine)?.pid;
  if (victim === undefined) throw new Error('There is no engine to kill.');
  process.kill(victim, 'SIGKILL');
}

const broker: unknown = field(createRequire(import.meta.url)('kafkajs/src/broker'), 'prototype');
if (typeof broker !== 'object' || broker === null) throw new Error('kafkajs has no class of brokers.');
const commit = method(broker, 'offsetCommit');
const watchedCommit: Method = async function (...args) {
  const declares = JSON.stringify(args).includes(';e=');
  reached(declares ? 'undeclared' : 'unadvanced');
  const answer = await commit.call(this, ...args);
  reached(declares ? 'declared' : 'advanced');
  return answer;
};
replace(broker, 'offsetCommit', watchedCommit);

const request = method(http, 'request');
const watchedRequest: Method = function (...args) {
  const sent = request.call(this, ...args);
  if (sent instanceof http.ClientRequest && isBlock(args[0])) watch(sent);
  return sent;
};
replace(http, 'request', watchedRequest);

function isBlock(url: unknown): boolean {
  if (!(url instanceof URL)) return false;
  const token = url.searchParams.get('insert_deduplication_token') ?? '';
  return /^kafka:[^:]*:[^:]*:\d+:[^:]*:\d+-\d+$/.test(token);
}

function watch(sent: ClientRequest): void {
  sent.on('finish', () => reached('inserting', 1 + Math.random() * INSERT_MS));
  sent.on('response', (answer: IncomingMessage) => {
    answer.on('end', () => reached('inserted'));
  });
}
