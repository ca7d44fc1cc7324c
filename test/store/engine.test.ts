import { createServer } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { findFreePort } from '../../src/store/engine/free-port.ts';
import { systemClock } from '../../src/core/clock.ts';
import { EmbeddedEngine } from '../../src/store/engine/embedded-engine.ts';
import { READER_USER } from '../../src/store/engine/engine-config.ts';
import { startTestStore, type TestStore } from '../support/engine.ts';
import { isRunning, waitFor } from '../support/processes.ts';

let running: TestStore;
beforeAll(async () => {
  running = await startTestStore({ migrated: false });
  await running.store.command({ name: 'create', sql: 'CREATE TABLE kept (x UInt32) ENGINE = MergeTree ORDER BY x' });
  await running.store.insert('kept', [{ x: 1 }, { x: 2 }]);
});
afterAll(async () => {
  await running.stop();
});

function start(path: string, port = 0): Promise<EmbeddedEngine> {
  return EmbeddedEngine.start({
    path,
    database: 'plumbline',
    limits: { memoryBytes: 1_000_000_000, threads: 1 },
    port,
    logger: pino({ level: 'silent' }),
    clock: systemClock,
  });
}

const counted = z.tuple([z.object({ n: z.number() })]);

async function kept(): Promise<number> {
  return counted.parse(await running.store.rows({ name: 'kept', sql: 'SELECT count() AS n FROM kept' }))[0].n;
}

/** Asks the engine as a user of its own and returns status and text. */
async function askAs(
  user: string,
  password: string,
  sql: string,
): Promise<{ readonly ok: boolean; readonly text: string }> {
  const response = await fetch(`${running.engine.endpoint.url}/?database=plumbline`, {
    method: 'POST',
    body: sql,
    headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': password, connection: 'close' },
  });
  return { ok: response.ok, text: await response.text() };
}

describe('the embedded engine', () => {
  test('is a ClickHouse of the promised version that answers over HTTP', async () => {
    const version = await askAs(running.engine.endpoint.username, running.engine.endpoint.password, 'SELECT version()');
    expect(version.text).toMatch(/^2[6-9]\.\d+/);
  });

  test('refuses a second owner and names the first', async () => {
    await expect(start(running.path)).rejects.toThrow(
      `The data directory ${running.path} is in use by process ${process.pid}.`,
    );
    expect(await kept()).toBe(2);
  });

  test('listens on loopback only', () => {
    const { port } = new URL(running.engine.endpoint.url);
    const hexadecimal = Number(port).toString(16).toUpperCase().padStart(4, '0');
    const sockets = ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/net/${file}`, 'utf8').split('\n').slice(1));
    const LISTENING = '0A';
    const addresses = sockets
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hexadecimal}`) === true)
      .map(([, local]) => local?.split(':')[0]);
    expect(addresses).toEqual(['0100007F']);
  });

  test('keeps its credentials from other users of the machine', () => {
    for (const file of ['engine-credentials.json', 'engine-users.xml', 'engine-config.xml']) {
      expect(statSync(`${running.path}/${file}`).mode & 0o077, file).toBe(0);
    }
  });

  test('lets the reader read and nothing else, and the anonymous user nothing at all', async () => {
    const { readerPassword } = z
      .object({ readerPassword: z.string() })
      .parse(JSON.parse(readFileSync(`${running.path}/engine-credentials.json`, 'utf8')));
    expect(await askAs(READER_USER, readerPassword, 'SELECT count() FROM kept')).toEqual({ ok: true, text: '2\n' });
    for (const sql of [
      'INSERT INTO kept VALUES (3)',
      'CREATE TABLE other (x UInt8) ENGINE = Memory',
      'DROP TABLE kept',
      'SYSTEM SHUTDOWN',
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
      "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    ]) {
      expect((await askAs(READER_USER, readerPassword, sql)).ok, sql).toBe(false);
    }
    for (const sql of [
      'SELECT count() FROM kept',
      'INSERT INTO kept VALUES (3)',
      "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    ]) {
      expect((await askAs('default', '', sql)).ok, sql).toBe(false);
    }
    expect((await askAs(READER_USER, 'wrong', 'SELECT 1')).ok).toBe(false);
    expect(await kept()).toBe(2);
  });

  test('comes back at the same address with its data when its process is killed, again and again', async () => {
    const { url } = running.engine.endpoint;
    const before = running.engine.restarts;
    for (let round = 1; round <= 2; round += 1) {
      const { pid } = running.engine;
      expect(pid).toBeDefined();
      process.kill(pid ?? 0, 'SIGKILL');
      await waitFor('another process', () => (running.engine.pid === pid ? undefined : true));
      await waitFor('the engine to answer', async () => ((await running.store.ping()) ? true : undefined));
      expect(running.engine.endpoint.url).toBe(url);
      expect(await kept()).toBe(2);
    }
    expect(running.engine.restarts).toBe(before + 2);
  });

  test('keeps its address when its process is killed while it is starting again', async () => {
    const { url } = running.engine.endpoint;
    for (let round = 1; round <= 3; round += 1) {
      const { pid } = running.engine;
      process.kill(pid ?? 0, 'SIGKILL');
      await waitFor('another process', () => (running.engine.pid === pid ? undefined : true));
    }
    await waitFor('the engine to answer', async () => ((await running.store.ping()) ? true : undefined));
    expect(running.engine.endpoint.url).toBe(url);
    expect(await kept()).toBe(2);
  });
});

describe('an engine of its own', () => {
  let path: string;
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), 'plumbline-engine-'));
  });
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });

  test('that cannot have the configured port says so, and frees the folder', async () => {
    const other = createServer();
    const port = await findFreePort();
    await new Promise<void>((done) => other.listen(port, '127.0.0.1', done));
    await expect(start(path, port)).rejects.toThrow(/did not start: .*Address already in use/s);
    await new Promise((done) => other.close(done));
    const engine = await start(path, port);
    expect(engine.endpoint.url).toBe(`http://127.0.0.1:${port}`);
    await engine.stop();
  });

  test('ends with its owner and may be stopped twice', async () => {
    const engine = await start(path);
    const pid = engine.pid ?? 0;
    expect(isRunning(pid)).toBe(true);
    await Promise.all([engine.stop(), engine.stop()]);
    await engine.stop();
    expect(isRunning(pid)).toBe(false);
  });
});
