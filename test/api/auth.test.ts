import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../../src/app.ts';
import { type Answer, NDJSON, predictionLine, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

const TOKENS = [
  { name: 'pipeline', token: 'ingest-0123456789abcdef', scopes: ['ingest'] },
  { name: 'grafana', token: 'read-0123456789abcdef', scopes: ['read'] },
  { name: 'both', token: 'both-0123456789abcdef', scopes: ['ingest', 'read'] },
  { name: 'operator', token: 'admin-0123456789abcdef', scopes: ['admin'] },
] as const;

let service: Service;
beforeAll(async () => {
  service = await startInProcess({
    server: { tokens: TOKENS.map(({ name, token, scopes }) => ({ name, token, scopes: [...scopes] })) },
  });
});
afterAll(async () => {
  await service.stop();
});

const ROUTES = {
  'POST /v1/predictions': {
    scope: 'ingest',
    send: (headers) => post('/v1/predictions', predictionLine('p'), { ...NDJSON, ...headers }),
  },
  'POST /v1/labels': {
    scope: 'ingest',
    send: (headers) =>
      post('/v1/labels', '{"prediction_id":"p","label":1,"ts":1777629600123}', { ...NDJSON, ...headers }),
  },
  'POST /v1/business': {
    scope: 'ingest',
    send: (headers) => post('/v1/business', '{"ts":1777629600123,"metric":"m","value":1}', { ...NDJSON, ...headers }),
  },
  'POST /v1/events': {
    scope: 'ingest',
    send: (headers) =>
      post('/v1/events', '{"ts":1777629600123,"kind":"deploy","title":"t"}', { ...NDJSON, ...headers }),
  },
  'GET /metrics': { scope: 'read', send: (headers) => request(`${service.url}/metrics`, { headers }) },
  'GET /v1/references': { scope: 'read', send: (headers) => request(`${service.url}/v1/references`, { headers }) },
  'GET /v1/models/m/references': {
    scope: 'read',
    send: (headers) => request(`${service.url}/v1/models/m/references`, { headers }),
  },
  'POST /v1/models/m/references': {
    scope: 'admin',
    send: (headers) =>
      post('/v1/models/m/references', '{"kind":"previous"}', { 'content-type': 'application/json', ...headers }),
  },
} as const satisfies Record<
  string,
  { scope: 'ingest' | 'read' | 'admin'; send: (headers: Record<string, string>) => Promise<Answer> }
>;

function post(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return request(`${service.url}${path}`, { body, headers });
}

const CASES = Object.entries(ROUTES).flatMap(([route, { scope, send }]) =>
  TOKENS.map(({ name, token, scopes }) => {
    const granted: readonly string[] = scopes;
    return { route, send, name, token, scope, allowed: granted.includes(scope) || granted.includes('admin') };
  }),
);

describe('a token', () => {
  test.each(CASES)('$name on $route: allowed is $allowed', async ({ send, token, scope, allowed }) => {
    const answer = await send({ authorization: `Bearer ${token}` });
    if (allowed) {
      expect([200, 201]).toContain(answer.status);
    } else {
      expect(answer.status).toBe(403);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.json()).toMatchObject({ status: 403, detail: `This needs a token with the scope ${scope}.` });
    }
  });

  test.each(Object.entries(ROUTES))('is needed on %s, and must be known', async (_, { send }) => {
    const none = await send({});
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    for (const authorization of [
      'Bearer wrong-0123456789abcdef',
      'Bearer ',
      'Basic dXNlcjpwYXNz',
      `Bearer ${TOKENS[3].token}x`,
    ]) {
      const answer = await send({ authorization });
      expect(answer.status, authorization).toBe(401);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(answer.text).not.toContain('0123456789abcdef');
    }
  });

  test('is asked for before anything is said about the request', async () => {
    const answer = await post('/v1/models/m/references', '{"kind":"nonsense"}', { 'content-type': 'application/json' });
    expect(answer.status).toBe(401);
    const broken = await post('/v1/models/m/references', '{', { 'content-type': 'application/json' });
    expect(broken.status).toBe(401);
    expect((await request(`${service.url}/v1/predictions?max_errors=x`, { body: 'x' })).status).toBe(401);
  });
});

test.each(['/healthz', '/readyz', '/openapi.json'])('%s needs no token', async (path) => {
  expect((await request(`${service.url}${path}`)).status).toBe(200);
});

test('nothing was stored for those who may not send', async () => {
  expect(
    await service.store.rows({ name: 'count', sql: 'SELECT uniqExact(prediction_id) AS ids FROM predictions' }),
  ).toEqual([{ ids: 1 }]);
});
