import { z } from 'zod';
import {
  fileSdSchema,
  httpSdSchema,
  kubernetesSdSchema,
  staticConfigSchema,
  targetSchema,
} from './discovery/config.ts';
import { durationMs } from './fields.ts';
import { queryConfigSchema } from './query/config.ts';
import { relabelStepSchema } from './relabel/config.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const HEADER_NAME = /^[A-Za-z0-9-]+$/;
const scrapeJobSchema = z
  .strictObject({
    job: z.string().min(1).max(128).describe('Name of the group of targets; becomes the label `job`.'),
    targets: z
      .array(targetSchema)
      .min(1)
      .max(10_000)
      .default([])
      .describe('Exporters to scrape, host:port each; becomes the label `instance`.'),
    static_configs: z.array(staticConfigSchema).default([]).describe('Targets with labels of their own.'),
    file_sd_configs: z
      .array(fileSdSchema)
      .default([])
      .describe('Targets listed in files that are read again and again.'),
    http_sd_configs: z.array(httpSdSchema).default([]).describe('Targets that an HTTP service lists.'),
    kubernetes_sd_configs: z.array(kubernetesSdSchema).default([]).describe('Targets that the Kubernetes API knows.'),
    relabel_configs: z
      .array(relabelStepSchema)
      .optional()
      .describe(
        'Changes the labels of targets, or leaves targets out. Absent, targets from Kubernetes are taken when their annotation prometheus.io/scrape is true, at prometheus.io/port, /path and /scheme, with the labels namespace, pod, service and node.',
      ),
    metric_relabel_configs: z
      .array(relabelStepSchema)
      .default([])
      .describe('Changes the labels of samples, __name__ included, or leaves samples out.'),
    target_limit: z
      .int()
      .min(1)
      .max(100_000)
      .default(10_000)
      .describe('Most targets of the job; those discovered beyond are refused and counted.'),
    path: z.string().startsWith('/', 'must begin with /').default('/metrics').describe('Path, with a query if needed.'),
    scheme: z.enum(['http', 'https']).default('http').describe('How to ask the targets.'),
    interval: durationMs.prefault('15s').describe('Time between two scrapes of a target.'),
    timeout: durationMs.prefault('10s').describe('How long a target may take to answer; at most the interval.'),
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
  .refine(hasTargets, {
    path: ['targets'],
    error: 'must be given, or static_configs, file_sd_configs, http_sd_configs or kubernetes_sd_configs',
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
  query: z
    .array(queryConfigSchema)
    .default([])
    .refine(
      (queries) => new Set(queries.map((query) => query.name)).size === queries.length,
      'must not use a name twice',
    )
    .describe('Expressions that are asked of a Prometheus at an interval and stored as samples.'),
});

export type PrometheusConfig = z.infer<typeof prometheusConfigSchema>;
export type ScrapeJob = PrometheusConfig['scrape'][number];

function namesMatch(pattern: RegExp): (record: Readonly<Record<string, string>>) => boolean {
  return (record) => Object.keys(record).every((name) => pattern.test(name));
}

function hasTargets(job: {
  readonly targets: readonly unknown[];
  readonly static_configs: readonly unknown[];
  readonly file_sd_configs: readonly unknown[];
  readonly http_sd_configs: readonly unknown[];
  readonly kubernetes_sd_configs: readonly unknown[];
}): boolean {
  const sources = [
    job.targets,
    job.static_configs,
    job.file_sd_configs,
    job.http_sd_configs,
    job.kubernetes_sd_configs,
  ];
  return sources.some((source) => source.length > 0);
}
