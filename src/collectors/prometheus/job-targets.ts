import type { Logger } from 'pino';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import type { ScrapeJob } from './config.ts';
import type { Discovered, Discovery } from './discovery/discovery.ts';
import { createFileDiscovery } from './discovery/file-discovery.ts';
import { createHttpDiscovery } from './discovery/http-discovery.ts';
import { createKubernetesDiscovery, DEFAULT_KUBERNETES_RELABEL } from './discovery/kubernetes-discovery.ts';
import type { TargetGroup } from './discovery/target-group.ts';
import { createRelabel, type Relabel } from './relabel/relabel.ts';
import type { Fetch } from './scrape-http.ts';
import { keyOf, resolveTargets, type ScrapeTarget, staticGroups } from './scrape-target.ts';

/** A discovery with the relabelling of what it finds. */
export interface DiscoverySource {
  readonly discovery: Discovery;
  readonly relabel: Relabel;
}

/**
 * Knows the targets of a job: those of the configuration, and what its discoveries found last. A discovery that fails
 * keeps its last targets; that is logged once and counted.
 */
export class JobTargets {
  readonly sources: readonly DiscoverySource[];
  readonly #job: ScrapeJob;
  readonly #logger: Logger;
  readonly #telemetry: Telemetry;
  readonly #relabel: Relabel;
  readonly #found = new Map<DiscoverySource, readonly TargetGroup[]>();
  readonly #failing = new Set<DiscoverySource>();
  readonly #complaints = new Set<string>();

  constructor(options: {
    readonly job: ScrapeJob;
    readonly fetch: Fetch;
    readonly logger: Logger;
    readonly telemetry: Telemetry;
  }) {
    const { job } = options;
    this.#job = job;
    this.#logger = options.logger;
    this.#telemetry = options.telemetry;
    const steps = job.relabel_configs;
    this.#relabel = createRelabel(steps ?? []);
    const kubernetes = createRelabel(steps ?? DEFAULT_KUBERNETES_RELABEL);
    this.sources = [
      ...job.file_sd_configs.map((config) => ({ discovery: createFileDiscovery(config), relabel: this.#relabel })),
      ...job.http_sd_configs.map((config) => ({
        discovery: createHttpDiscovery(config, options.fetch),
        relabel: this.#relabel,
      })),
      ...job.kubernetes_sd_configs.map((config) => ({
        discovery: createKubernetesDiscovery(config),
        relabel: config.role === 'node' ? this.#relabel : kubernetes,
      })),
    ];
  }

  /** Takes what a discovery found; true when targets may have changed. */
  update(source: DiscoverySource, { groups, fault }: Discovered): boolean {
    const { kind } = source.discovery;
    const { job } = this.#job;
    if (fault !== undefined) {
      this.#telemetry
        .counter('plumbline_discovery_failures_total', 'Discoveries of targets that failed, in whole or in part.', [
          'job',
          'kind',
        ])
        .inc({ job, kind });
    }
    if (fault === undefined && this.#failing.delete(source)) {
      this.#logger.info({ event: 'discovery_recovered', job, kind }, 'Targets can be discovered again.');
    } else if (fault !== undefined && !this.#failing.has(source)) {
      this.#failing.add(source);
      const sentence = 'Targets cannot be discovered as they should; the last ones known are kept.';
      this.#logger.warn({ event: 'discovery_failed', job, kind, detail: fault }, sentence);
    }
    if (groups === undefined) return false;
    this.#found.set(source, groups);
    return true;
  }

  /** Returns the targets that there are now, by key, at most `target_limit`. */
  current(): ReadonlyMap<string, ScrapeTarget> {
    const resolved = [
      resolveTargets(this.#job, staticGroups(this.#job), this.#relabel),
      ...[...this.#found].map(([{ relabel }, groups]) => resolveTargets(this.#job, groups, relabel)),
    ];
    const targets = new Map(resolved.flatMap((part) => part.targets.map((target) => [keyOf(target), target] as const)));
    const limit = this.#job.target_limit;
    const beyond = Math.max(0, targets.size - limit);
    const unusable = resolved.flatMap((part) => part.refused);
    this.#showRefused('target_limit', beyond, `beyond the limit of ${limit}`);
    this.#showRefused('unusable', unusable.length, `${unusable[0]?.address} ${unusable[0]?.reason}`);
    const kept = beyond === 0 ? targets : new Map([...targets].slice(0, limit));
    this.#telemetry
      .gauge('plumbline_discovery_targets', 'Targets of a job that are scraped.', ['job'])
      .set({ job: this.#job.job }, kept.size);
    return kept;
  }

  #showRefused(reason: string, targets: number, detail: string): void {
    const { job } = this.#job;
    this.#telemetry
      .gauge('plumbline_discovery_refused_targets', 'Targets of a job that are not scraped, by reason.', [
        'job',
        'reason',
      ])
      .set({ job, reason }, targets);
    if (targets === 0) {
      this.#complaints.delete(reason);
    } else if (!this.#complaints.has(reason)) {
      this.#complaints.add(reason);
      this.#logger.warn({ event: 'targets_refused', job, reason, targets, detail }, 'Targets are not scraped.');
    }
  }
}
