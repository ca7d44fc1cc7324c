import { expect, test } from 'vitest';
import { sendAgain } from '../../src/alerting/send-again.ts';
import { toldFrom } from '../../src/alerting/told.ts';
import type { OutboxEntry } from '../../src/store/queries/outbox.ts';
import { entryOf, messageOf } from '../notify/messages.ts';

const message = messageOf({ episode: 'e1' });
const parked = (more: Partial<OutboxEntry> = {}): OutboxEntry => ({ ...entryOf(message), state: 'parked', ...more });

function decide(entry: OutboxEntry, facts: { readonly last?: OutboxEntry; readonly firing?: readonly string[] } = {}) {
  const told = toldFrom([facts.last ?? entry]);
  return sendAgain(entry, { told, firing: new Set(facts.firing ?? ['e1']), nowMs: 5000 });
}

test('a parked message about what still fires is owed anew under the same id', () => {
  const entry = parked({ attempts: 7, revision: 7, detail: 'client: HTTP 400' });
  expect(decide(entry)).toEqual({
    kind: 'send',
    entry: { ...entry, state: 'pending', attempts: 0, revision: 8, nextAttemptMs: 5000 },
  });
  expect(decide(parked({ action: 'resolve' }), { firing: [] })).toMatchObject({ kind: 'send' });
});

test.each([
  ['a trigger whose alert is over', parked(), { firing: [] }, 'what it tells of no longer fires'],
  [
    'a message after which a newer one came',
    parked(),
    { last: { ...parked(), deliveryId: 'newer' } },
    'a newer message under its dedup_key has taken its place',
  ],
  ['a message that was delivered', parked({ state: 'delivered' }), {}, 'it is delivered, not parked'],
  [
    'a request to retrain',
    parked({ action: 'retrain' }),
    {},
    'the request to retrain has failed; a new one is made when it is due',
  ],
])('%s is not sent again', (_, entry, facts, reason) => {
  expect(decide(entry, facts)).toEqual({ kind: 'refuse', reason });
});
