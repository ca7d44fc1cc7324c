import { parseDuration } from '../../core/duration.ts';
import type { ScrapeJob } from './config.ts';
import { targetSchema } from './discovery/config.ts';
import type { TargetGroup } from './discovery/target-group.ts';
import type { Labels } from './metric-sample.ts';
import { createRelabel, type Relabel } from './relabel/relabel.ts';

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

export interface ResolvedTargets {
  /** Each once, however often it was found. */
  readonly targets: readonly ScrapeTarget[];
  /** Targets that cannot be asked, with the reason; those that relabelling left out are not among them. */
  readonly refused: readonly { readonly address: string; readonly reason: string }[];
}

/** Returns the targets that the configuration of a job names, one for each host. */
export function targetsOf(job: ScrapeJob): readonly ScrapeTarget[] {
  return resolveTargets(job, staticGroups(job), createRelabel(job.relabel_configs ?? [])).targets;
}

/** Returns the targets that the configuration of a job names, as groups. */
export function staticGroups(job: ScrapeJob): readonly TargetGroup[] {
  return [{ targets: job.targets, labels: {} }, ...job.static_configs];
}

/**
 * Returns the targets of groups after relabelling. `__address__`, `__scheme__`, `__metrics_path__`, `__param_<name>`,
 * `__scrape_interval__` and `__scrape_timeout__` say how a target is asked; labels that begin with `__` then go.
 *
 * @see Prometheus, scrape_config and relabel_config
 */
export function resolveTargets(job: ScrapeJob, groups: readonly TargetGroup[], relabel: Relabel): ResolvedTargets {
  const targets = new Map<string, ScrapeTarget>();
  const refused: { readonly address: string; readonly reason: string }[] = [];
  for (const group of groups) {
    for (const address of group.targets) {
      const labels = relabel({ ...defaultLabels(job), ...job.labels, ...group.labels, __address__: address });
      if (labels === undefined) continue;
      const target = targetFrom(job, labels);
      if (typeof target === 'string') refused.push({ address, reason: target });
      else targets.set(keyOf(target), target);
    }
  }
  return { targets: [...targets.values()], refused };
}

/** Returns what tells targets of a job apart: how they are asked and their labels. */
export function keyOf(target: ScrapeTarget): string {
  const labels = Object.entries(target.labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([target.url, target.intervalMs, target.timeoutMs, labels]);
}

const SCHEME = '__scheme__';
const PATH = '__metrics_path__';
const INTERVAL = '__scrape_interval__';
const TIMEOUT = '__scrape_timeout__';
const PARAMETER = '__param_';

function defaultLabels(job: ScrapeJob): Labels {
  return {
    job: job.job,
    [SCHEME]: job.scheme,
    [PATH]: job.path,
    [INTERVAL]: `${job.interval}ms`,
    [TIMEOUT]: `${job.timeout}ms`,
  };
}

/** A text is the reason why there is no target. */
function targetFrom(job: ScrapeJob, labels: Labels): ScrapeTarget | string {
  const address = labels['__address__'] ?? '';
  if (!targetSchema.safeParse(address).success) return 'has an address that is not host or host:port';
  const scheme = labels[SCHEME] ?? '';
  if (scheme !== 'http' && scheme !== 'https') return 'has a scheme other than http and https';
  const path = labels[PATH] ?? '';
  const intervalMs = parseDuration(labels[INTERVAL] ?? '') ?? 0;
  const timeoutMs = parseDuration(labels[TIMEOUT] ?? '') ?? 0;
  if (intervalMs <= 0 || timeoutMs <= 0 || timeoutMs > intervalMs) return 'has an interval or timeout that cannot be';
  const kept = Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith('__')));
  const instance = kept['instance'] ?? address;
  const bearer = job.bearer === undefined ? {} : { Authorization: `Bearer ${job.bearer}` };
  return {
    job: kept['job'] ?? job.job,
    instance,
    url: `${scheme}://${address}${path.startsWith('/') ? path : `/${path}`}${queryOf(path, labels)}`,
    intervalMs,
    timeoutMs,
    honorLabels: job.honor_labels,
    labels: { ...kept, instance },
    headers: { ...job.headers, ...bearer },
    sampleLimit: job.sample_limit,
    labelLimit: job.label_limit,
  };
}

function queryOf(path: string, labels: Labels): string {
  const parameters = Object.entries(labels)
    .filter(([name]) => name.startsWith(PARAMETER))
    .map(([name, value]) => `${encodeURIComponent(name.slice(PARAMETER.length))}=${encodeURIComponent(value)}`);
  if (parameters.length === 0) return '';
  return `${path.includes('?') ? '&' : '?'}${parameters.join('&')}`;
}
