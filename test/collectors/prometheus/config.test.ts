import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { prometheusConfigSchema } from '../../../src/collectors/prometheus/config.ts';
import { targetsOf } from '../../../src/collectors/prometheus/scrape-target.ts';

const job = { job: 'dcgm', targets: ['gpu-1:9400'] };

describe('the configuration of scraping', () => {
  it('needs no more than a name and targets', () => {
    const { scrape } = prometheusConfigSchema.parse({ scrape: [job] });
    expect(scrape.flatMap(targetsOf)).toEqual([
      {
        job: 'dcgm',
        instance: 'gpu-1:9400',
        url: 'http://gpu-1:9400/metrics',
        intervalMs: 15_000,
        timeoutMs: 10_000,
        honorLabels: false,
        labels: { job: 'dcgm', instance: 'gpu-1:9400' },
        headers: {},
        sampleLimit: 50_000,
        labelLimit: 40,
      },
    ]);
    expect(prometheusConfigSchema.parse({})).toEqual({ scrape: [], query: [] });
  });

  it('puts scheme, path, labels and secrets into the request', () => {
    const { scrape } = prometheusConfigSchema.parse({
      scrape: [
        {
          ...job,
          targets: ['[::1]:9400', 'b'],
          scheme: 'https',
          path: '/federate?match[]=up',
          labels: { site: 'x' },
          bearer: 's',
          headers: { 'X-Scope': '1' },
        },
      ],
    });
    expect(scrape.flatMap(targetsOf).map(({ url, labels, headers }) => ({ url, labels, headers }))).toEqual([
      {
        url: 'https://[::1]:9400/federate?match[]=up',
        labels: { site: 'x', job: 'dcgm', instance: '[::1]:9400' },
        headers: { 'X-Scope': '1', Authorization: 'Bearer s' },
      },
      {
        url: 'https://b/federate?match[]=up',
        labels: { site: 'x', job: 'dcgm', instance: 'b' },
        headers: { 'X-Scope': '1', Authorization: 'Bearer s' },
      },
    ]);
  });

  it.each([
    ['an unknown key', { ...job, scrape_interval: '1s' }, /scrape_interval/],
    ['a target with a scheme', { ...job, targets: ['http://gpu-1:9400'] }, /without http/],
    ['a target twice', { ...job, targets: ['a:1', 'a:1'] }, /twice/],
    ['no target', { ...job, targets: [] }, /Too small/],
    ['a timeout longer than the interval', { ...job, interval: '5s' }, /not be longer than the interval/],
    ['an interval without unit', { ...job, interval: '15' }, /duration such as/],
    ['an interval of nothing', { ...job, interval: '0s' }, /duration such as/],
    ['the label job', { ...job, labels: { job: 'x' } }, /job or instance/],
    ['a label name with a dash', { ...job, labels: { 'a-b': 'x' } }, /letters, digits and _/],
    ['a path without slash', { ...job, path: 'metrics' }, /begin with/],
  ])('refuses %s with a sentence', (_, entry, sentence) => {
    const parsed = prometheusConfigSchema.safeParse({ scrape: [entry] });
    expect(z.prettifyError(parsed.error ?? new z.ZodError([]))).toMatch(sentence);
  });

  it('refuses two jobs of one name', () => {
    const parsed = prometheusConfigSchema.safeParse({ scrape: [job, job] });
    expect(parsed.error?.issues[0]?.message).toBe('must not name a job twice');
  });

  it('shows its defaults and descriptions in its JSON Schema', () => {
    const schema = z.toJSONSchema(prometheusConfigSchema, { io: 'input', unrepresentable: 'any' });
    expect(JSON.stringify(schema)).toContain('"default":"15s"');
    expect(JSON.stringify(schema)).toContain('Exporters to scrape');
  });
});
