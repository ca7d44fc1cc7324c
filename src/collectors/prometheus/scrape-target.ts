import type { Labels } from './metric-sample.ts';
import type { ScrapeJob } from './config.ts';

/** One exporter and how it is asked. */
export interface ScrapeTarget {
  readonly job: string;
  readonly instance: string;
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly honorLabels: boolean;
  /** Labels of every sample, `job` and `instance` included. */
  readonly labels: Labels;
  /** May carry secrets: never logged. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sampleLimit: number;
  readonly labelLimit: number;
}

/** Returns the targets of a scrape job, one for each host. */
export function targetsOf(job: ScrapeJob): readonly ScrapeTarget[] {
  const bearer = job.bearer === undefined ? {} : { Authorization: `Bearer ${job.bearer}` };
  return job.targets.map((instance) => ({
    job: job.job,
    instance,
    url: `${job.scheme}://${instance}${job.path}`,
    intervalMs: job.interval,
    timeoutMs: job.timeout,
    honorLabels: job.honor_labels,
    labels: { ...job.labels, job: job.job, instance },
    headers: { ...job.headers, ...bearer },
    sampleLimit: job.sample_limit,
    labelLimit: job.label_limit,
  }));
}
