import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const HEADER_NAME = /^[A-Za-z0-9-]+$/;
/** Host and port: `gpu-1:9400`, `10.0.0.7:9400`, `[::1]:9400`, `exporter.example`. */
const TARGET = /^(?:\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+)(?::\d{1,5})?$/;

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: 'must be a duration such as 500ms, 15s or 1m' });
  return z.NEVER;
});

const scrapeJobSchema = z
  .strictObject({
    job: z.string().min(1).max(128).describe('Name of the group of targets; becomes the label `job`.'),
    targets: z
      .array(z.string().regex(TARGET, 'must be host or host:port, without http:// and without a path'))
      .min(1)
      .max(10_000)
      .describe('Exporters to scrape, host:port each; becomes the label `instance`.'),
    path: z.string().startsWith('/', 'must begin with /').default('/metrics').describe('Path, with a query if needed.'),
    scheme: z.enum(['http', 'https']).default('http').describe('How to ask the targets.'),
    interval: duration.prefault('15s').describe('Time between two scrapes of a target.'),
    timeout: duration.prefault('10s').describe('How long a target may take to answer; at most the interval.'),
    honor_labels: z
      .boolean()
      .default(false)
      .describe('True keeps labels of the exporter that clash with ours; false keeps them as exported_<name>.'),
    labels: z
      .record(z.string(), z.string().max(256))
      .default({})
      .refine(namesMatch(LABEL_NAME), 'must have names of letters, digits and _ that do not begin with a digit')
      .describe('Labels put on every sample of the job.'),
    bearer: z
      .string()
      .min(1)
      .optional()
      .describe('Bearer token sent to the targets; give it as ${ENV_NAME} or file:/path, never literally.'),
    headers: z
      .record(z.string(), z.string())
      .default({})
      .refine(namesMatch(HEADER_NAME), 'must have names of letters, digits and -')
      .describe('Headers sent to the targets; values may be ${ENV_NAME} or file:/path.'),
    sample_limit: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(50_000)
      .describe('Most samples of one scrape of one target; what comes beyond is refused and counted.'),
    label_limit: z.int().min(1).max(64).default(40).describe('Most labels of a sample; one with more is refused.'),
    series_limit: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(200_000)
      .describe('Most different series of the job within an hour; new ones beyond are refused and counted.'),
  })
  .refine((job) => job.timeout <= job.interval, {
    path: ['timeout'],
    error: 'must not be longer than the interval',
  })
  .refine((job) => !Object.hasOwn(job.labels, 'job') && !Object.hasOwn(job.labels, 'instance'), {
    path: ['labels'],
    error: 'must not contain job or instance: those come from the job and the target',
  })
  .refine((job) => new Set(job.targets).size === job.targets.length, {
    path: ['targets'],
    error: 'must not list a target twice',
  });

/** The configuration `collectors.prometheus`: which exporters are scraped, how often and how. */
export const prometheusConfigSchema = z.strictObject({
  scrape: z
    .array(scrapeJobSchema)
    .default([])
    .refine((jobs) => new Set(jobs.map((job) => job.job)).size === jobs.length, 'must not name a job twice')
    .describe('Scrape jobs.'),
});

export type PrometheusConfig = z.infer<typeof prometheusConfigSchema>;
export type ScrapeJob = PrometheusConfig['scrape'][number];

function namesMatch(pattern: RegExp): (record: Readonly<Record<string, string>>) => boolean {
  return (record) => Object.keys(record).every((name) => pattern.test(name));
}
