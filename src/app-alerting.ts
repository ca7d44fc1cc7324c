import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { AlertEvaluator } from './alerting/alert-evaluator.ts';
import { createAlertStore } from './alerting/alert-store.ts';
import { Lease } from './alerting/lease.ts';
import { readMutes } from './alerting/mutes.ts';
import type { LinksFor } from './alerting/page-message.ts';
import { RetrainJob, type RetrainModel } from './alerting/retrain/retrain-job.ts';
import type { Rule } from './alerting/rule.ts';
import type { TimeRange } from './analysis/minute/reference-ranges.ts';
import type { Config } from './config/schema.ts';
import type { Clock } from './core/clock.ts';
import { AppError } from './core/errors.ts';
import { ChangeRelay } from './notify/change-relay.ts';
import { createOutboxStore } from './notify/outbox-store.ts';
import { OutboxWorker } from './notify/outbox-worker.ts';
import type { RetrainTarget } from './notify/notifier.ts';
import { createNotifiers } from './notify/registry.ts';
import { createRetrainTarget } from './notify/retrain/registry.ts';
import type { Fetch } from './notify/post-json.ts';
import { driftSettings } from './settings.ts';
import type { Store } from './store/store.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

export interface AlertingOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly wallClock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly store: Store;
  readonly telemetry: Telemetry;
  readonly rules: readonly Rule[];
  /** Whether this process evaluates and delivers. */
  readonly evaluates: boolean;
}

export interface Alerting {
  readonly worker: OutboxWorker;
  readonly retraining: RetrainJob;
  /** Decides the rules for a range of minutes and owes what follows. */
  evaluate(range: TimeRange): Promise<void>;
  /** Whether this process is the one that evaluates now. */
  mayRun(): boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Wires rules, messages and deliveries together. */
export async function createAlerting(options: AlertingOptions): Promise<Alerting> {
  const { config, clock, wallClock, logger, store, telemetry, rules, random, evaluates } = options;
  const registered = createNotifiers(config.notify, { fetch, clock: wallClock });
  const lease = createLease(options);
  const training = trainingOf(config, { fetch, clock: wallClock });
  const retraining = new RetrainJob({
    store,
    wallClock,
    logger,
    telemetry,
    models: training.map(({ model }) => model),
    askingAlerts: new Set(rules.filter(({ actions }) => actions.includes('retrain')).map(({ alert }) => alert)),
  });
  const mayRun = (): boolean => !evaluates || lease.isHeld();
  const worker = new OutboxWorker({
    notifiers: [...registered.map(({ notifier }) => notifier), ...training.map(({ courier }) => courier)],
    store: createOutboxStore({ store, clock: wallClock }),
    clock: wallClock,
    random,
    logger,
    telemetry,
    mayDeliver: mayRun,
  });
  const changes = new ChangeRelay({
    store,
    wallClock,
    targets: registered.flatMap(({ notifier }) => (notifier.deliverChange === undefined ? [] : [notifier.id])),
  });
  const evaluator = await AlertEvaluator.load({
    rules,
    store: createAlertStore({ store, clock: wallClock }),
    clock: wallClock,
    logger,
    telemetry,
    threshold: (model, alert, signal) => config.models.find((entry) => entry.name === model)?.rules?.[alert]?.[signal],
    targets: registered.map(({ notifier, actions, everyAlert, refreshMs }) => ({
      id: notifier.id,
      actions,
      groupBy: everyAlert ? (['alert', 'scope'] as const) : config.notify.group.by,
      refreshMs,
    })),
    routing: config.notify,
    mutes: () => readMutes({ store, routing: config.notify, nowMs: clock.now() }),
    linksFor: linksFor(config),
  });
  let loadedToken = 0;
  const evaluate = async (range: TimeRange): Promise<void> => {
    if (!mayRun()) throw new AppError('E_LEASE_LOST', 'Another process evaluates now.', { retryable: true });
    if (loadedToken !== lease.token) {
      await evaluator.reload();
      loadedToken = lease.token;
    }
    await evaluator.evaluateMinutes(range);
    await changes.passOn(range.toMs);
    await retraining.run(range.toMs, evaluator.alerts);
    worker.wake();
  };
  return {
    worker,
    retraining,
    evaluate,
    mayRun,
    start: async () => {
      if (!evaluates) return;
      await lease.start();
      worker.start();
    },
    stop: async () => {
      await worker.stop();
      await lease.stop();
    },
  };
}

function createLease({ config, store, wallClock, logger }: AlertingOptions): Lease {
  const { url, path } = config.clickhouse;
  // An embedded engine serves one process at a time; elsewhere every process is a place of its own.
  const place = url === 'embedded' ? `${hostname()}:${resolve(path)}` : `${hostname()}:${randomUUID()}`;
  return new Lease({
    store,
    clock: wallClock,
    logger,
    name: 'evaluation',
    place,
    instance: randomUUID(),
    ttlMs: config.evaluation.lease,
  });
}

/** Returns the models that may be retrained, each with the system that is asked. */
function trainingOf(
  config: Config,
  made: { readonly fetch: Fetch; readonly clock: Clock },
): readonly { readonly model: RetrainModel; readonly courier: RetrainTarget }[] {
  return config.models.flatMap(({ name, retrain }) => {
    if (retrain === undefined) return [];
    const id = `retrain:${name}`;
    const model = { model: name, settings: retrain, importance: driftSettings(config, name).importance, target: id };
    return [{ model, courier: createRetrainTarget(retrain.target, { id, ...made }) }];
  });
}

/** Returns the addresses for the person who is told: incident, model, dashboard, runbook. */
function linksFor(config: Config): LinksFor {
  const base = config.server.public_url?.replace(/\/$/, '');
  const { dashboard, runbook: runbooks } = config.notify.links;
  return ({ model, runbook, episode }) => {
    const name = encodeURIComponent(model);
    const runbookUrl = /^https?:\/\//.test(runbook)
      ? runbook
      : runbooks?.replaceAll(/\{runbook\}|%7Brunbook%7D/g, encodeURIComponent(runbook));
    const all = [
      ['Incident', base && `${base}/incidents/${encodeURIComponent(episode)}`],
      ['Model', base && model !== '' ? `${base}/models/${name}` : undefined],
      ['Dashboard', dashboard?.replaceAll(/\{model\}|%7Bmodel%7D/g, name)],
      ['Runbook', runbookUrl],
    ] as const;
    return all.flatMap(([text, href]) => (href === undefined ? [] : [{ text, href }]));
  };
}
