import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createTokenSource } from '../../../src/collectors/kafka/kafkajs/oauth-token.ts';

const SERVER = {
  mechanism: 'oauthbearer',
  token_url: 'https://login.example/token',
  client_id: 'a client',
  client_secret: 'hunter-2',
} as const;

describe('a token for the brokers of Kafka', () => {
  test('is asked for once and again thirty seconds before it expires', async () => {
    let nowMs = 0;
    let asked = 0;
    const fetch = () => {
      asked += 1;
      return Promise.resolve(Response.json({ access_token: `token-${asked}`, expires_in: 100 }));
    };
    const source = createTokenSource(SERVER, { now: () => nowMs, fetch });
    expect([await source(), await source()]).toEqual(['token-1', 'token-1']);
    nowMs = 69_999;
    expect(await source()).toBe('token-1');
    nowMs = 70_000;
    expect(await source()).toBe('token-2');
  });

  test.each([
    ['a refusal', () => Promise.resolve(Response.json({ error: 'invalid_client' }, { status: 401 })), /answered 401/],
    ['an answer without a token', () => Promise.resolve(Response.json({})), /without an access_token/],
    ['no JSON', () => Promise.resolve(new Response('<html>')), /did not answer/],
    ['a lost route', () => Promise.reject(new TypeError('fetch failed')), /did not answer/],
  ])('is missing after %s, says so without the secret, and is asked for anew', async (_what, answer, sentence) => {
    let asked = 0;
    const fetch = () => {
      asked += 1;
      return asked === 1 ? answer() : Promise.resolve(Response.json({ access_token: 'good' }));
    };
    const source = createTokenSource(SERVER, { now: () => 0, fetch });
    const fault: unknown = await source().catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'E_KAFKA_TOKEN', retryable: true, message: expect.stringMatching(sentence) });
    expect(String(fault)).not.toContain('hunter-2');
    expect(await source()).toBe('good');
  });

  test('is read anew from its file, which may be replaced at any time', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-token-'));
    const file = join(folder, 'token');
    const source = createTokenSource({ mechanism: 'oauthbearer', token_file: file }, { now: () => 0, fetch });
    writeFileSync(file, 'first\n');
    expect(await source()).toBe('first');
    writeFileSync(file, 'second');
    expect(await source()).toBe('second');
    writeFileSync(file, ' \n');
    await expect(source()).rejects.toThrow(/is empty/);
    rmSync(folder, { recursive: true });
    await expect(source()).rejects.toThrow(/cannot read/);
  });
});
