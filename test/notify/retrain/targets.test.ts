import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../../src/core/clock.ts';
import { createRetrainTarget, retrainTargetSchema } from '../../../src/notify/retrain/registry.ts';
import type { RetrainMessage } from '../../../src/store/queries/outbox.ts';
import { type Receiver, startReceiver } from '../receiver.ts';

const SIGNING = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';
const TOKEN = 'a-token-that-is-secret';
const MESSAGE: RetrainMessage = {
  action: 'retrain',
  id: '0123456789abcdef',
  model: 'team/Fraud_scorer',
  version: '7',
  reason: 'the prediction has drifted for 2 windows in a row',
  requestedMs: Date.UTC(2026, 10, 21, 22, 0),
  evidence: { features: [{ feature: '__score__', levels: ['major', 'major'] }] },
};
const BODY = {
  request_id: MESSAGE.id,
  model: MESSAGE.model,
  version: '7',
  reason: MESSAGE.reason,
  requested_at: '2026-11-21T22:00:00.000Z',
  evidence: MESSAGE.evidence,
};
const { evidence: _, ...TEXTS } = BODY;

interface Case {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly success: number;
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses that say that the work was started before. */
  readonly done?: number;
}

/** Each kind of target: what it is sent, and what it answers when all is well. */
const CASES: readonly Case[] = [
  {
    settings: { type: 'cloudevents', url: '$/hooks/retrain', secret: SIGNING },
    success: 202,
    path: '/hooks/retrain',
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8', 'webhook-id': `msg_${MESSAGE.id}` },
    body: {
      specversion: '1.0',
      id: MESSAGE.id,
      source: 'plumbline',
      type: 'plumbline.model.retrain.requested',
      subject: MESSAGE.model,
      time: '2026-11-21T22:00:00.000Z',
      datacontenttype: 'application/json',
      data: BODY,
    },
  },
  {
    settings: { type: 'github', url: '$', repository: 'o/r', token: TOKEN },
    success: 204,
    path: '/repos/o/r/dispatches',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'x-github-api-version': '2022-11-28',
      accept: 'application/vnd.github+json',
    },
    body: { event_type: 'model-drift', client_payload: BODY },
  },
  {
    settings: { type: 'argo_events', url: '$/drift', token: TOKEN },
    success: 200,
    path: '/drift',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: { type: 'plumbline.model.retrain.requested', id: MESSAGE.id, data: BODY },
  },
  {
    settings: { type: 'argo_workflows', url: '$/', namespace: 'ml', template: 'retrain', parameters: { from: 'x' } },
    success: 200,
    done: 409,
    path: '/api/v1/workflows/ml/submit',
    body: {
      resourceKind: 'WorkflowTemplate',
      resourceName: 'retrain',
      submitOptions: {
        name: 'retrain-team-fraud-scorer-0123456789abcdef',
        labels: 'app=plumbline,trigger=drift,request=0123456789abcdef',
        parameters: [
          'from=x',
          'model=team/Fraud_scorer',
          'version=7',
          'request_id=0123456789abcdef',
          `reason=${MESSAGE.reason}`,
        ],
      },
    },
  },
  {
    settings: { type: 'airflow', url: '$', dag: 'retrain', token: TOKEN },
    success: 200,
    done: 409,
    path: '/api/v2/dags/retrain/dagRuns',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: { dag_run_id: `drift__${MESSAGE.id}`, logical_date: null, conf: BODY },
  },
  {
    settings: { type: 'airflow', url: '$', dag: 'retrain', version: 2, username: 'u', password: TOKEN },
    success: 200,
    done: 409,
    path: '/api/v1/dags/retrain/dagRuns',
    headers: { authorization: `Basic ${Buffer.from(`u:${TOKEN}`).toString('base64')}` },
    body: { dag_run_id: `drift__${MESSAGE.id}`, conf: BODY },
  },
  {
    settings: { type: 'tekton', url: '$' },
    success: 202,
    path: '/',
    body: { type: 'plumbline.model.retrain.requested', id: MESSAGE.id, data: BODY },
  },
];

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
});
beforeEach(() => {
  receiver.answerWith();
});
const never = new AbortController().signal;

function start(settings: Readonly<Record<string, unknown>>) {
  const url = typeof settings['url'] === 'string' ? settings['url'].replace('$', receiver.url) : undefined;
  const parsed = retrainTargetSchema.parse({ ...settings, url });
  return createRetrainTarget(parsed, { id: 'retrain:m', fetch, clock: systemClock }).start(MESSAGE, never);
}

describe.each(CASES)('target $settings.type $settings.version', ({ settings, success, path, body, headers, done }) => {
  test('is sent exactly what its API takes, and its success counts', async () => {
    receiver.answerWith({ status: success });
    expect(await start(settings)).toEqual({ ok: true });
    const request = receiver.received.at(-1);
    expect(request?.path).toBe(path);
    expect(request?.body).toEqual(body);
    expect(request?.headers).toMatchObject({ 'content-type': 'application/json', ...headers });
  });

  test('is asked again after 429 and 503, not after 422, and a refusal tells no secret', async () => {
    for (const [status, retryable] of [
      [429, true],
      [503, true],
      [422, false],
    ] as const) {
      receiver.answerWith({ status, body: `bad ${TOKEN} ${SIGNING}` });
      const delivery = await start(settings);
      expect(delivery).toMatchObject({ ok: false, retryable });
      const secrets = [TOKEN, SIGNING].filter((secret) => Object.values(settings).includes(secret));
      for (const secret of secrets) expect(JSON.stringify(delivery)).not.toContain(secret);
    }
  });

  test('is done when it says that it was asked before, where it can say so', async () => {
    receiver.answerWith({ status: 409 });
    expect((await start(settings)).ok).toBe(done === 409);
  });
});

test('the CloudEvent is signed as Standard Webhooks', async () => {
  await start({ type: 'cloudevents', url: '$/x', secret: SIGNING });
  const request = receiver.received.at(-1);
  const headers = z.record(z.string(), z.string()).parse(request?.headers);
  expect(new Webhook(SIGNING).verify(request?.text ?? '', headers)).toMatchObject({ id: MESSAGE.id });
});

test('GitLab gets a form with the token in the body', async () => {
  receiver.answerWith({ status: 201 });
  expect(await start({ type: 'gitlab', url: '$', project: 'group/proj', token: TOKEN })).toEqual({ ok: true });
  const request = receiver.received.at(-1);
  expect(request?.path).toBe('/api/v4/projects/group%2Fproj/trigger/pipeline');
  expect(request?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  const form = Object.fromEntries(new URLSearchParams(request?.text ?? ''));
  expect(form).toMatchObject({
    token: TOKEN,
    ref: 'main',
    'variables[MODEL]': MESSAGE.model,
    'variables[REQUEST_ID]': MESSAGE.id,
  });
});

test('Kubeflow gets a run, but not a second one of the same name', async () => {
  const settings = { type: 'kubeflow', url: '$', experiment_id: 'e', pipeline_id: 'p', pipeline_version_id: 'v' };
  const name = `retrain ${MESSAGE.model} (${MESSAGE.id})`;
  const before = receiver.received.length;
  receiver.answerWith({ status: 200, body: '{}' }, { status: 200, body: '{"run_id":"1"}' });
  expect(await start(settings)).toEqual({ ok: true });
  expect(receiver.received.at(-1)?.path).toBe('/apis/v2beta1/runs?experiment_id=e');
  expect(receiver.received.at(-1)?.body).toEqual({
    display_name: name,
    pipeline_version_reference: { pipeline_id: 'p', pipeline_version_id: 'v' },
    runtime_config: { parameters: TEXTS },
  });
  receiver.answerWith({ status: 200, body: JSON.stringify({ runs: [{ display_name: name }] }) });
  expect(await start(settings)).toEqual({ ok: true });
  expect(receiver.received).toHaveLength(before + 3);
});
