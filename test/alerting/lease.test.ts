import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lease } from '../../src/alerting/lease.ts';
import { systemClock } from '../../src/core/clock.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { waitFor } from '../support/processes.ts';

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore();
});
afterAll(async () => {
  await running.stop();
});

let count = 0;
function leaseOf(name: string, place: string, ttlMs = 600_000): Lease {
  count += 1;
  const logger = pino({ level: 'silent' });
  return new Lease({ store: running.store, clock: systemClock, logger, name, place, instance: String(count), ttlMs });
}

test('of many that ask at once, one leads', async () => {
  for (const name of ['first', 'second', 'third']) {
    const leases = Array.from({ length: 8 }, (_, index) => leaseOf(name, `pod-${index}`));
    const states = await Promise.all(leases.map((lease) => lease.hold()));
    expect(states.filter((state) => state === 'held')).toHaveLength(1);
    expect(leases.filter((lease) => lease.isHeld())).toHaveLength(1);
  }
});

test('the holder renews under the same token while others wait', async () => {
  const [one, other] = [leaseOf('renewed', 'a'), leaseOf('renewed', 'b')];
  expect(await one.hold()).toBe('held');
  const { token } = one;
  expect(await other.hold()).toBe('waiting');
  expect(await one.hold()).toBe('held');
  expect(one.token).toBe(token);
  expect(other.isHeld()).toBe(false);
});

test('a lease that its holder does not renew is taken over under a higher token, and the holder learns it', async () => {
  const [one, other] = [leaseOf('expired', 'a', 300), leaseOf('expired', 'b')];
  expect(await one.hold()).toBe('held');
  await waitFor('the take-over', async () => ((await other.hold()) === 'held' ? true : undefined));
  expect(one.isHeld()).toBe(false);
  expect(other.token).toBeGreaterThan(one.token);
  expect(await one.hold()).toBe('waiting');
});

test('a lease that is given back is free at once', async () => {
  const [one, other] = [leaseOf('released', 'a'), leaseOf('released', 'b')];
  await one.start();
  expect(await other.hold()).toBe('waiting');
  await one.stop();
  expect(one.isHeld()).toBe(false);
  expect(await other.hold()).toBe('held');
});

test('the next process of the same place takes over without waiting', async () => {
  const [one, other] = [leaseOf('restarted', 'a'), leaseOf('restarted', 'a')];
  expect(await one.hold()).toBe('held');
  expect(await other.hold()).toBe('held');
  expect(await leaseOf('restarted', 'ab').hold()).toBe('waiting');
  expect(other.token).toBeGreaterThan(one.token);
});
