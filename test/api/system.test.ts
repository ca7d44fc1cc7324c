import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { requireTool } from '../../scripts/real-components.ts';
import type { Service } from '../../src/app.ts';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { startInProcess } from '../support/in-process.ts';

let service: Service;
beforeAll(async () => {
  service = await startInProcess({ models: [{ name: 'late-flights', slo: { latency_p99_seconds: 0.2 } }] });
  const now = Date.now();
  const body = Array.from({ length: 200 }, (_, index) =>
    predictionLine(`p-${index}`, { ts: now - 120_000 - index }),
  ).join('\n');
  expect((await request(`${service.url}/v1/predictions`, { body, headers: NDJSON })).receipt().accepted).toBe(200);
  await request(`${service.url}/v1/labels`, { body: 'broken', headers: NDJSON });
});
afterAll(async () => {
  await service.stop();
});

describe('the OpenAPI document', () => {
  const schema = z.looseObject({});
  const operation = z.looseObject({
    summary: z.string().regex(/^[A-Z].*\.$/),
    tags: z.array(z.string()).min(1),
    responses: z.record(z.string().regex(/^(default|[1-5]\d\d)$/), z.looseObject({ description: z.string() })),
    parameters: z
      .array(z.looseObject({ name: z.string(), in: z.enum(['path', 'query', 'header']), schema }))
      .optional(),
  });
  const pathItem = z.partialRecord(z.enum(['get', 'post', 'put', 'delete']), operation);
  const document = z.looseObject({
    openapi: z.string().regex(/^3\.1\.\d+$/),
    info: z.looseObject({ title: z.literal('Plumbline'), version: z.string().regex(/^\d+\.\d+\.\d+/) }),
    components: z.looseObject({
      securitySchemes: z.looseObject({
        bearer: z.looseObject({ type: z.literal('http'), scheme: z.literal('bearer') }),
      }),
    }),
    paths: z.record(z.string().startsWith('/'), pathItem),
  });
  let text: string;
  let parsed: z.infer<typeof document>;
  beforeAll(async () => {
    const answer = await request(`${service.url}/openapi.json`);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    ({ text } = answer);
    parsed = document.parse(answer.json());
  });

  test('lists every path that the service has, with a summary, and no other', () => {
    for (const path of ['/v1/predictions', '/v1/labels', '/v1/business', '/v1/events']) {
      expect(Object.keys(parsed.paths[path] ?? {}), path).toEqual(['post']);
    }
    for (const path of ['/v1/references', '/metrics', '/healthz', '/readyz']) {
      expect(Object.keys(parsed.paths[path] ?? {}), path).toEqual(['get']);
    }
    expect(Object.keys(parsed.paths['/v1/models/{model}/references'] ?? {}).sort()).toEqual(['get', 'post']);
  });

  test('names each path parameter that its path holds', () => {
    for (const [path, item] of Object.entries(parsed.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const each of Object.values(item)) {
        const named = (each?.parameters ?? [])
          .filter((parameter) => parameter.in === 'path')
          .map((parameter) => parameter.name);
        expect(new Set(named), path).toEqual(new Set(wanted));
      }
    }
  });

  test('refers only to schemas that it holds', () => {
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');
    const schemas = z.record(z.string(), z.unknown()).optional().parse(parsed.components['schemas']) ?? {};
    for (const name of references) expect(schemas).toHaveProperty([name]);
  });

  test('says what the records of a body are and what an answer holds', () => {
    const post = parsed.paths['/v1/predictions']?.post;
    expect(JSON.stringify(post?.responses['200'])).toMatch(/accepted.*rejected.*errors/s);
    const content = z.looseObject({ content: z.record(z.string(), z.unknown()) }).parse(post?.['requestBody']).content;
    expect(Object.keys(content).sort()).toEqual(['application/json', 'application/x-ndjson']);
  });
});

describe('/metrics', () => {
  test('is text that promtool accepts', async (context) => {
    const promtool = requireTool('promtool');
    if (promtool === undefined) return context.skip();
    const answer = await request(`${service.url}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const result = spawnSync(promtool, ['check', 'metrics'], { input: answer.text, encoding: 'utf8' });
    expect({ status: result.status, complaints: result.stderr }).toEqual({ status: 0, complaints: '' });
  });

  test('counts what was taken in', async () => {
    const { text } = await request(`${service.url}/metrics`);
    expect(text).toMatch(/^plumbline_ingest_rows_total\{kind="predictions"\} 200$/m);
    expect(text).toMatch(/^plumbline_ingest_rows_total\{kind="labels"\} 1$/m);
    expect(text).toMatch(/^plumbline_ingest_accepted_total\{collector="http",kind="predictions"\} 200$/m);
    expect(text).toMatch(/^plumbline_ingest_late_total\{collector="http",kind="predictions"\} 200$/m);
    expect(text).toMatch(/^plumbline_ingest_dead_letters_total\{collector="http",kind="labels"\} 1$/m);
    expect(text).toMatch(/^plumbline_ingest_collector_up\{collector="http"\} 1$/m);
    expect(text).toMatch(/^plumbline_ingest_lag_seconds 0$/m);
  });

  test('is OpenMetrics for those who ask for it', async () => {
    const accept = 'application/openmetrics-text; version=1.0.0,text/plain;q=0.5';
    const answer = await request(`${service.url}/metrics`, { headers: { accept } });
    expect(answer.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    const lines = answer.text.split('\n');
    expect(lines.slice(-2)).toEqual(['# EOF', '']);
    const types = new Map(
      lines.flatMap((line) => {
        const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
        return name === undefined || type === undefined ? [] : [[name, type] as const];
      }),
    );
    expect(types.size).toBeGreaterThan(3);
    const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
      counter: ['_total', '_created'],
      gauge: [''],
      histogram: ['_bucket', '_sum', '_count'],
      summary: ['', '_sum', '_count'],
    };
    for (const line of lines.slice(0, -2)) {
      if (line.startsWith('#')) {
        expect(line).toMatch(/^# (HELP|TYPE|UNIT) /);
        continue;
      }
      const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? \S+$/.exec(line)?.[1];
      expect(sample, line).toBeDefined();
      const known = [...types].some(([name, type]) =>
        (SUFFIXES[type] ?? []).some((suffix) => sample === `${name}${suffix}`),
      );
      expect(known, `${sample ?? ''} belongs to a declared metric`).toBe(true);
    }
  });
});

describe('the service', () => {
  test('tells that it lives and that it is ready', async () => {
    expect((await request(`${service.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect((await request(`${service.url}/readyz`)).json()).toEqual({
      status: 'ready',
      collectors: [{ collector: 'http', up: true, last_success: expect.stringMatching(/^20\d\d-.*Z$/) }],
    });
  });

  test('answers what it does not know with a problem document', async () => {
    const nowhere = await request(`${service.url}/v1/nowhere?x=1`);
    expect(nowhere.status).toBe(404);
    expect(nowhere.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(nowhere.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is nothing at GET /v1/nowhere.',
    });
    expect((await request(`${service.url}/v1/predictions`)).status).toBe(404);
  });

  test('tells no internals when it fails', async () => {
    const engine = service.enginePid ?? 0;
    await service.store.command({ name: 'rename', sql: 'RENAME TABLE model_references TO hidden' });
    try {
      const answer = await request(`${service.url}/v1/references`);
      expect(answer.status).toBe(500);
      expect(answer.json()).toMatchObject({ status: 500, detail: 'The service failed; its log says why.' });
      expect(answer.text).not.toContain('model_references');
    } finally {
      await service.store.command({ name: 'rename', sql: 'RENAME TABLE hidden TO model_references' });
    }
    expect(engine).toBeGreaterThan(0);
  });
});
