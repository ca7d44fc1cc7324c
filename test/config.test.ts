import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { configJsonSchema, loadConfig, parseConfig } from '../src/config.ts';
import { ConfigError } from '../src/core/errors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-config-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(text: string): string {
  const path = `${folder}/plumbline.yaml`;
  writeFileSync(path, text);
  return path;
}

describe('without a file', () => {
  test('everything has its default: loopback, embedded, nothing deleted', () => {
    const config = parseConfig({}, 'defaults');
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8080, tokens: [] });
    expect(config.clickhouse).toMatchObject({ url: 'embedded', path: '.plumbline', database: 'plumbline' });
    expect(config.retention).toEqual({ late: 86_400_000 });
  });
});

describe('a file', () => {
  test('may be empty', () => {
    expect(loadConfig(file('# nothing yet\n'))).toEqual(parseConfig({}, 'defaults'));
  });

  test('takes secrets from the environment and from files', () => {
    vi.stubEnv('PLUMBLINE_TEST_TOKEN', 'from-the-environment');
    writeFileSync(`${folder}/secret`, 'from-a-secret-file\n');
    const config = loadConfig(
      file(`server:
  host: 0.0.0.0
  tokens:
    - { name: a, token: '\${PLUMBLINE_TEST_TOKEN}', scopes: [ingest] }
    - { name: b, token: 'file:${folder}/secret', scopes: [read] }
`),
    );
    vi.unstubAllEnvs();
    expect(config.server.tokens.map(({ token }) => token)).toEqual(['from-the-environment', 'from-a-secret-file']);
  });

  test('gives durations in words and models with defaults', () => {
    const { models, evaluation } = loadConfig(
      file('models: [{ name: a, drift: { window: 1h30m } }, { name: b }]\nevaluation: { interval: 10s }\n'),
    );
    expect(models.map(({ drift }) => drift.window)).toEqual([5_400_000, 3_600_000]);
    expect(evaluation.interval).toBe(10_000);
  });
});

const TOKEN = 'x'.repeat(16);

describe('a mistake is answered by one sentence with the path and what is allowed there', () => {
  test.each([
    [
      'an unknown key',
      'servr: {}',
      /^F: the file has the unknown key "servr"; allowed: server, clickhouse, retention, .*telemetry\.$/,
    ],
    [
      'an unknown key further in',
      'server: { prot: 1 }',
      /^F: server has the unknown key "prot"; allowed: host, port, tokens, .*\.$/,
    ],
    [
      'an unknown key of a list',
      'models: [{ name: m, owners: me }]',
      /^F: models\.0 has the unknown key "owners"; allowed: name, owner, .*\.$/,
    ],
    ['a wrong type', 'server: { port: "80" }', /^F: server\.port must be of type number\.$/],
    ['a list instead of a map', 'server: []', /^F: server must be of type object\.$/],
    ['a number out of range', 'server: { port: 70000 }', /^F: server\.port must be at most 65535\.$/],
    [
      'a word that is not in the list',
      'telemetry: { log_level: loud }',
      /^F: telemetry\.log_level must be one of "debug", "info", "warn", "error", "silent"\.$/,
    ],
    [
      'a URL that is none',
      'clickhouse: { url: somewhere }',
      /^F: clickhouse\.url must be "embedded" or an http or https URL\.$/,
    ],
    [
      'a URL of another protocol',
      'clickhouse: { url: "ftp://x/" }',
      /^F: clickhouse\.url must be "embedded" or an http or https URL\.$/,
    ],
    [
      'a duration that is none',
      'evaluation: { interval: fast }',
      /^F: evaluation\.interval must be a duration such as 30s, 5m, 1h or 7d\.$/,
    ],
    ['a missing name', 'models: [{ owner: me }]', /^F: models\.0\.name is required; it must be of type string\.$/],
    [
      'a name with a space',
      'models: [{ name: "a b" }]',
      /^F: models\.0\.name must match \^\[A-Za-z0-9_\.:\/-\]\{1,128\}\$\.$/,
    ],
    [
      'a GPU match that matches nothing',
      'models: [{ name: m, gpu: {} }]',
      /^F: models\.0\.gpu must say pod, namespace or labels: an empty match would belong to no GPU\.$/,
    ],
    [
      'a serving match that matches nothing',
      'models: [{ name: m, serving: { labels: {} } }]',
      /^F: models\.0\.serving must say pod, namespace or labels: an empty match would belong to no series\.$/,
    ],
    ['two models of one name', 'models: [{ name: m }, { name: n }, { name: m }]', /^F: models names m twice\.$/],
    [
      'a reference of an unknown kind',
      'models: [{ name: m, reference: { kind: best } }]',
      /^F: models\.0\.reference\.kind must be one of "fixed", "trailing", "previous", "same-hour-last-week", "version"\.$/,
    ],
    [
      'a token that is too short',
      'server: { tokens: [{ name: a, token: short, scopes: [read] }] }',
      /^F: server\.tokens\.0\.token must have at least 16 characters\.$/,
    ],
    [
      'a token without scopes',
      `server: { tokens: [{ name: a, token: ${TOKEN}, scopes: [] }] }`,
      /^F: server\.tokens\.0\.scopes must have at least 1 entry\.$/,
    ],
    [
      'an unknown scope',
      `server: { tokens: [{ name: a, token: ${TOKEN}, scopes: [root] }] }`,
      /^F: server\.tokens\.0\.scopes\.0 must be one of "ingest", "read", "admin"\.$/,
    ],
    [
      'another address without tokens',
      'server: { host: 0.0.0.0 }',
      /^F: server\.host is 0\.0\.0\.0, but without server\.tokens only a loopback address \(127\.0\.0\.1, ::1, localhost\) is allowed\.$/,
    ],
    [
      'a variable that is not set',
      'clickhouse: { password: "${PLUMBLINE_TEST_ABSENT}" }',
      /^clickhouse\.password needs the environment variable PLUMBLINE_TEST_ABSENT, which is not set\.$/,
    ],
    [
      'a secret file that is absent',
      'clickhouse: { password: "file:/absent/secret" }',
      /^clickhouse\.password: cannot read \/absent\/secret/,
    ],
    ['a list at the top', '- a', /^F: the file must be of type object\.$/],
  ])('%s', (_, text, sentence) => {
    const path = file(text);
    let message = '';
    try {
      loadConfig(path);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      message = error instanceof Error ? error.message : '';
    }
    expect(message.replaceAll(path, 'F')).toMatch(sentence);
    expect(message).not.toContain('\n');
  });

  test('YAML that is none, and a file that is absent', () => {
    expect(() => loadConfig(file('a: [1'))).toThrow(/is not valid YAML$/);
    expect(() => loadConfig(`${folder}/absent.yaml`)).toThrow(
      `Cannot read the configuration file ${folder}/absent.yaml`,
    );
  });

  test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('no mistake: %s without tokens', (host) => {
    expect(parseConfig({ server: { host } }, 'F').server.host).toBe(host);
  });

  test.each(['127.evil.example', '0.0.0.0', '::', '10.0.0.1', 'localhost.example', ''])('%s without tokens', (host) => {
    expect(() => parseConfig({ server: { host } }, 'F')).toThrow(ConfigError);
  });
});

test('the JSON Schema names every key of the top', () => {
  expect(configJsonSchema()).toMatchObject({
    type: 'object',
    additionalProperties: false,
    properties: { server: {}, clickhouse: {}, models: {} },
  });
});
