import { describe, expect, test } from 'vitest';
import { readArgoCd } from '../../../src/collectors/events/argo-cd.ts';
import { readArgoRollouts } from '../../../src/collectors/events/argo-rollouts.ts';
import { cut, type Reading } from '../../../src/collectors/events/change.ts';
import { deploysSchema, eventsConfigSchema } from '../../../src/collectors/events/config.ts';
import { readGeneric } from '../../../src/collectors/events/generic.ts';
import { readGithub } from '../../../src/collectors/events/github.ts';
import { readMlflow } from '../../../src/collectors/events/mlflow.ts';
import { modelsOf } from '../../../src/collectors/events/models-of.ts';
import { isGithubSignature, isMlflowSignature } from '../../../src/collectors/events/signature.ts';
import { githubDeployment } from './github-deployment.ts';

const AT = '2026-11-21T22:15:00Z';

describe('Argo CD', () => {
  test('tells of an ended operation by name, revision and phase', () => {
    const body = { app: 'fraud-scorer', revision: '0123456789abcdef', phase: 'Succeeded', at: AT, url: 'https://argo' };
    expect(readArgoCd(body)).toEqual({
      is: 'change',
      change: {
        ts: Date.parse(AT),
        kind: 'deploy',
        title: 'Argo CD deployed fraud-scorer at 0123456789ab',
        version: undefined,
        url: 'https://argo',
        labels: {
          source: 'argo-cd',
          argo_application: 'fraud-scorer',
          revision: '0123456789abcdef',
          phase: 'Succeeded',
        },
        model: undefined,
        subject: { argo_application: 'fraud-scorer' },
      },
    });
  });

  test('tells of it by the whole application too', () => {
    const app = {
      metadata: { name: 'fraud-scorer', namespace: 'argocd' },
      spec: { project: 'risk', destination: { namespace: 'fraud' } },
      status: {
        sync: { status: 'Synced', revision: 'abc' },
        health: { status: 'Healthy' },
        operationState: { phase: 'Failed', finishedAt: AT },
        summary: { images: ['registry/fraud:7'] },
      },
    };
    expect(readArgoCd({ app })).toMatchObject({
      change: {
        ts: Date.parse(AT),
        title: 'Argo CD failed fraud-scorer at abc',
        labels: { phase: 'Failed', project: 'risk', namespace: 'fraud', health: 'Healthy', image: 'registry/fraud:7' },
      },
    });
  });
});

test('Argo Rollouts tells of each phase of a rollout', () => {
  const rollout = {
    metadata: { name: 'fraud', namespace: 'risk', annotations: { 'rollout.argoproj.io/revision': '7' } },
    status: { phase: 'Degraded', currentPodHash: '85d557f47b' },
  };
  expect(readArgoRollouts({ rollout })).toMatchObject({
    change: {
      kind: 'rollout',
      title: 'Rollout fraud revision 7 was aborted',
      subject: { argo_rollout: 'risk/fraud' },
      labels: { pod_hash: '85d557f47b' },
    },
  });
  expect(readArgoRollouts({ rollout: 'fraud', revision: 8, phase: 'Paused', weight: 20 })).toMatchObject({
    change: { title: 'Rollout fraud revision 8 is paused', labels: { weight: '20' } },
  });
});

describe('GitHub', () => {
  test('tells of an ended deployment, whose payload may name model and version', () => {
    expect(readGithub(githubDeployment(), 'deployment_status')).toMatchObject({
      is: 'change',
      change: {
        ts: Date.parse(AT),
        kind: 'deploy',
        title: 'GitHub deployed risk/fraud-scorer main to production',
        url: 'https://ci.example.org/run/1',
        model: undefined,
        version: undefined,
        labels: { repository: 'risk/fraud-scorer', environment: 'production', state: 'success', actor: 'octocat' },
        subject: { github_repository: 'risk/fraud-scorer', github_environment: 'production' },
      },
    });
    const payload = '{"model":"fraud-scorer","version":"7"}';
    expect(readGithub(githubDeployment({ payload }), 'deployment_status')).toMatchObject({
      change: { model: 'fraud-scorer', version: '7' },
    });
  });

  test.each([
    ['ping', {}],
    ['push', { ref: 'x' }],
    ['deployment_status', githubDeployment({ state: 'in_progress' })],
    [undefined, {}],
  ])('%s is no change', (event, body) => {
    expect(readGithub(body, event).is).toBe('ignored');
  });
});

describe('MLflow', () => {
  const alias = {
    entity: 'model_version_alias',
    action: 'created',
    timestamp: AT,
    data: { name: 'fraud-scorer', alias: 'champion', version: '8' },
  };
  test('tells of moved aliases and new versions', () => {
    expect(readMlflow(alias)).toMatchObject({
      change: {
        kind: 'deploy',
        title: 'MLflow alias champion of fraud-scorer is version 8',
        version: '8',
        subject: { mlflow_model: 'fraud-scorer' },
      },
    });
    const created = { ...alias, entity: 'model_version', data: { name: 'fraud-scorer', version: 9, run_id: 'r' } };
    expect(readMlflow(created)).toMatchObject({ change: { kind: 'retrain', version: '9', labels: { run_id: 'r' } } });
    expect(readMlflow({ ...alias, entity: 'model_version_tag', action: 'set' }).is).toBe('ignored');
  });

  // Vector measured with MLflow's own code.
  const body = Buffer.from('{"a":1}');
  const signed = {
    signature: 'v1,Yqr5NWSRXsqss9xJwJTeWbxqJ1avOomJdFtiZoxFdJ0=',
    delivery: 'd1',
    timestamp: '1795300000',
    body,
    secret: 's3cret',
    nowMs: 1_795_300_000_000 + 299_000,
  };
  test('is believed with its signature, within five minutes', () => {
    expect(isMlflowSignature(signed)).toBe(true);
    expect(isMlflowSignature({ ...signed, nowMs: signed.nowMs + 2000 })).toBe(false);
    expect(isMlflowSignature({ ...signed, timestamp: 'soon' })).toBe(false);
    expect(isMlflowSignature({ ...signed, body: Buffer.from('{"a":2}') })).toBe(false);
    expect(isMlflowSignature({ ...signed, signature: undefined })).toBe(false);
  });
});

test('a delivery of GitHub is believed with its signature only', () => {
  // The example of GitHub's documentation.
  const [secret, body] = ["It's a Secret to Everybody", Buffer.from('Hello, World!')];
  const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
  expect(isGithubSignature(signature, body, secret)).toBe(true);
  expect(isGithubSignature(signature, body, 'other secret')).toBe(false);
  expect(isGithubSignature(signature.slice(0, -1), body, secret)).toBe(false);
  expect(isGithubSignature(undefined, body, secret)).toBe(false);
});

describe('any other sender', () => {
  test('is understood by plain names at the top', () => {
    const body = { model: 'fraud', version: '7', event: 'LINK_ARTIFACT', at: AT, image_digest: 'sha256:1', more: {} };
    expect(readGeneric(body, undefined)).toMatchObject({
      change: {
        ts: Date.parse(AT),
        kind: 'deploy',
        title: 'LINK_ARTIFACT fraud 7',
        model: 'fraud',
        version: '7',
        labels: { image_digest: 'sha256:1' },
      },
    });
  });

  const gitlab = eventsConfigSchema.parse({
    generic: {
      gitlab: {
        only: { object_kind: 'deployment', status: ['success', 'failed'] },
        kinds: { success: 'deploy', failed: 'other' },
        title: 'GitLab {status}: {project.path_with_namespace} {short_sha}',
        fields: { ts: 'status_changed_at', kind: 'status', url: 'deployable_url', version: 'ref' },
        labels: { environment: 'environment', user: 'user.username', first: 'list.0' },
      },
    },
  }).generic['gitlab'];
  const body = {
    object_kind: 'deployment',
    status: 'success',
    status_changed_at: AT,
    environment: 'prod',
    project: { path_with_namespace: 'risk/fraud' },
    short_sha: 'abc1234',
    user: { username: 'ann' },
    list: ['x'],
    ref: 'v7',
  };
  test('is understood as configured', () => {
    expect(readGeneric(body, gitlab)).toMatchObject({
      change: {
        ts: Date.parse(AT),
        kind: 'deploy',
        title: 'GitLab success: risk/fraud abc1234',
        version: 'v7',
        labels: { environment: 'prod', user: 'ann', first: 'x' },
      },
    });
    expect(readGeneric({ ...body, status: 'running' }, gitlab)).toEqual({ is: 'ignored', reason: 'status is running' });
    expect(readGeneric({ ...body, object_kind: undefined }, gitlab).is).toBe('ignored');
  });
});

test.each([
  ['argo-cd', readArgoCd({ revision: 'x' }), 'app'],
  ['argo-cd', readArgoCd([]), ''],
  ['argo-rollouts', readArgoRollouts({ rollout: 5 }), 'rollout'],
  ['github', readGithub({}, 'deployment_status'), 'deployment_status'],
  ['mlflow', readMlflow({ entity: 'x', action: 'y', data: {} }), 'data.name'],
  ['generic', readGeneric('text', undefined), ''],
] as const)('%s: what cannot be read is named', (_, reading: Reading, field) => {
  expect(reading).toMatchObject({ is: 'unreadable', field });
});

describe('the models that a change concerns', () => {
  const models = [
    { name: 'fraud', deploys: deploysSchema.parse({ github_repository: 'risk/fraud', github_environment: 'prod' }) },
    { name: 'both', deploys: deploysSchema.parse({ github_repository: ['x/y', 'risk/fraud'], argo_application: 'a' }) },
    { name: 'canary', deploys: deploysSchema.parse({ argo_rollout: 'risk/canary' }) },
    { name: 'tagged', deploys: deploysSchema.parse({ labels: { environment: 'prod' } }) },
    { name: 'plain' },
  ];
  const change = { ts: 0, kind: 'deploy', title: 't', version: undefined, url: undefined, labels: {} } as const;
  test.each([
    [{ github_repository: 'risk/fraud', github_environment: 'prod' }, {}, ['fraud', 'both']],
    [{ github_repository: 'risk/fraud', github_environment: 'dev' }, {}, ['both']],
    [{ argo_application: 'a' }, {}, ['both']],
    [{ argo_application: 'plain' }, {}, ['plain']],
    [{ argo_application: 'fraud' }, {}, []],
    [{ argo_rollout: 'risk/canary' }, {}, ['canary']],
    [{ argo_rollout: 'other/canary' }, {}, []],
    [{ mlflow_model: 'plain' }, {}, ['plain']],
    [{}, { environment: 'prod' }, ['tagged']],
    [{}, {}, []],
  ])('%j with labels %j are %j', (subject, labels, expected) => {
    expect(modelsOf({ ...change, subject, labels, model: undefined }, models)).toEqual(expected);
  });
  test('are the one that it names', () => {
    expect(modelsOf({ ...change, subject: { argo_application: 'a' }, model: 'named' }, models)).toEqual(['named']);
  });
});

test('a text is cut between characters', () => {
  expect(cut('äöü', 5)).toBe('äö');
  expect(cut('abc', 3)).toBe('abc');
});
