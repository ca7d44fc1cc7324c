import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '../../src/app.ts';
import { githubDeployment } from '../collectors/events/github-deployment.ts';
import { type Answer, expectProblem, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

const SECRET = 'shared-secret-0123';
const TOKEN = { authorization: 'Bearer ingest-0123456789abcdef' };
const READ_TOKEN = { authorization: 'Bearer reader-0123456789abcdef' };

let service: Service;
let open: Service;
beforeAll(async () => {
  const collectors = {
    events: {
      github: { secret: SECRET },
      mlflow: { secret: SECRET },
      generic: {
        gitlab: { secret: SECRET, secret_header: 'X-Gitlab-Token', fields: { model: 'm' }, title: 'new {m}' },
      },
    },
  };
  const models = [
    { name: 'fraud', deploys: { github_repository: 'risk/fraud-scorer' } },
    { name: 'fraud-eu', deploys: { github_repository: 'risk/fraud-scorer' } },
    { name: 'shop' },
  ];
  service = await startInProcess({
    rules: [],
    collectors,
    models,
    server: {
      tokens: [
        { name: 'ci', token: 'ingest-0123456789abcdef', scopes: ['ingest'] },
        { name: 'grafana', token: 'reader-0123456789abcdef', scopes: ['read'] },
      ],
    },
  });
  open = await startInProcess({ rules: [], collectors, models });
});
afterAll(async () => {
  await service.stop();
  await open.stop();
});

async function post(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  to = service,
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return request(`${to.url}/v1/events/${path}`, {
    body: text,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

function github(body: unknown, delivery: string, secret = SECRET): Readonly<Record<string, string>> {
  const digest = createHmac('sha256', secret).update(JSON.stringify(body)).digest('hex');
  return {
    'x-github-event': 'deployment_status',
    'x-github-delivery': delivery,
    'x-hub-signature-256': `sha256=${digest}`,
  };
}

async function events(title: string): Promise<readonly unknown[]> {
  return service.store.rows({
    name: 'events',
    sql: "SELECT toUnixTimestamp(ts) AS t, kind, model, version, url, labels['source'] AS source FROM change_events WHERE title = {title:String} ORDER BY model",
    parameters: { title },
  });
}

describe('a deployment told by GitHub', () => {
  const body = githubDeployment();
  const stored = { accepted: 2, rejected: 0, duplicate: false, errors: [] };
  test('is stored once for each model of the repository, however often it is delivered', async () => {
    const headers = github(body, 'd-1');
    const first = await post('github', body, headers);
    expect({ status: first.status, body: first.json() }).toEqual({ status: 200, body: stored });
    const again = await post('github', body, headers);
    expect({ status: again.status, body: again.json() }).toEqual({ status: 200, body: { ...stored, duplicate: true } });
    const row = {
      t: Date.parse('2026-11-21T22:15:00Z') / 1000,
      kind: 'deploy',
      version: '',
      url: 'https://ci.example.org/run/1',
      source: 'github',
    };
    expect(await events('GitHub deployed risk/fraud-scorer main to production')).toEqual([
      { ...row, model: 'fraud' },
      { ...row, model: 'fraud-eu' },
    ]);
  });

  test('is refused without the right signature, unless a token with the scope ingest vouches for it', async () => {
    expectProblem(await post('github', body, github(body, 'd-2', 'another-secret')), 401, /not signed/);
    expectProblem(await post('github', body, { 'x-github-event': 'deployment_status' }), 401, /not signed/);
    expectProblem(await post('github', body, { ...github(body, 'd-3'), ...READ_TOKEN }), 403, /ingest/);
    const vouched = { 'x-github-event': 'deployment_status', 'x-github-delivery': 'd-4', ...TOKEN };
    expect((await post('github', body, vouched)).status).toBe(200);
  });

  test('is refused without a signature also where the service has no tokens to check', async () => {
    expectProblem(await post('github', body, { 'x-github-event': 'deployment_status', ...TOKEN }, open), 401, /signed/);
    expect((await post('github', body, github(body, 'd-5'), open)).status).toBe(200);
  });
});

test('what is no change is acknowledged with 202 and counted', async () => {
  const body = { zen: 'Keep it logically awesome.' };
  const answer = await post('github', body, { ...github(body, 'd-6'), 'x-github-event': 'ping' });
  expect({ status: answer.status, body: answer.json() }).toEqual({
    status: 202,
    body: { ignored: 'event ping is no change' },
  });
  const metrics = await request(`${service.url}/metrics`, { headers: READ_TOKEN });
  expect(metrics.text).toMatch(/^plumbline_webhook_events_total\{source="github",result="ignored"\} 1$/m);
});

test('a body that cannot be read is answered with the field and the reason, and kept as a dead letter', async () => {
  expectProblem(await post('argo-cd', { revision: 'lost' }, TOKEN), 400, /app must be the name of the application/);
  expectProblem(await post('argo-cd', '{"app": lost', TOKEN), 400, /is not valid JSON/);
  const rows = await service.store.rows({
    name: 'dead',
    sql: "SELECT line FROM dead_letters WHERE kind = 'events' AND line LIKE '%lost%' ORDER BY line",
  });
  expect(rows).toEqual([{ line: '{"app": lost' }, { line: '{"revision":"lost"}' }]);
});

test('Argo, MLflow and others need a token or their secret, and find their model', async () => {
  expectProblem(await post('argo-cd', { app: 'shop', phase: 'Succeeded' }), 401, /bearer token/);
  expect((await post('argo-cd', { app: 'shop', phase: 'Succeeded' }, TOKEN)).json()).toMatchObject({ accepted: 1 });
  expect(await events('Argo CD deployed shop')).toMatchObject([{ model: 'shop', source: 'argo-cd' }]);
  await post('argo-rollouts', { rollout: 'shop', revision: 3, phase: 'Healthy' }, TOKEN);
  expect(await events('Rollout shop revision 3 is complete')).toMatchObject([{ kind: 'rollout', model: 'shop' }]);

  const alias = {
    entity: 'model_version_alias',
    action: 'created',
    data: { name: 'shop', alias: 'prod', version: '8' },
  };
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signed = createHmac('sha256', SECRET)
    .update(`m-1.${timestamp}.${JSON.stringify(alias)}`)
    .digest('base64');
  const headers = {
    'x-mlflow-delivery-id': 'm-1',
    'x-mlflow-timestamp': timestamp,
    'x-mlflow-signature': `v1,${signed}`,
  };
  expect((await post('mlflow', alias, headers)).json()).toMatchObject({ accepted: 1 });
  expect(await events('MLflow alias prod of shop is version 8')).toMatchObject([{ model: 'shop', version: '8' }]);
  expectProblem(await post('mlflow', alias, { ...headers, 'x-mlflow-signature': 'v1,AAAA' }), 401, /signed/);

  expect((await post('generic', { model: 'new/model', title: 'by hand', version: '1' }, TOKEN)).status).toBe(200);
  expect(await events('by hand')).toMatchObject([{ model: 'new/model', version: '1' }]);
  expect((await post('generic?source=gitlab', { m: 'shop' }, { 'x-gitlab-token': SECRET })).status).toBe(200);
  expect(await events('new shop')).toMatchObject([{ model: 'shop' }]);
  expectProblem(await post('generic?source=gitlab', { m: 'shop' }, { 'x-gitlab-token': 'wrong' }), 401, /signed/);
  expectProblem(await post('generic?source=nobody', { m: 'shop' }, TOKEN), 404, /no such sender/);
});
