import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { BatchWriter } from '../../store/ingest/batch-writer.ts';
import type { UnitOutcome } from '../../store/ingest/unit-outcome.ts';
import { UnitBuilder } from '../../store/ingest/unit.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { readArgoCd } from './argo-cd.ts';
import { readArgoRollouts } from './argo-rollouts.ts';
import { type Change, cut, type Reading } from './change.ts';
import type { EventsConfig } from './config.ts';
import { readGeneric } from './generic.ts';
import { readGithub } from './github.ts';
import { readMlflow } from './mlflow.ts';
import { type DeployedModel, modelsOf } from './models-of.ts';

export const EVENT_SOURCES = ['argo-cd', 'argo-rollouts', 'github', 'mlflow', 'generic'] as const;
export type EventSource = (typeof EVENT_SOURCES)[number];

/** One call of a webhook. */
export interface EventDelivery {
  readonly source: EventSource;
  /** Name of the configured sender; only for generic ones. */
  readonly sender: string | undefined;
  readonly body: Buffer;
  /** Header X-GitHub-Event. */
  readonly githubEvent: string | undefined;
  /** What the sender calls the delivery; the same delivery again is stored once. */
  readonly deliveryId: string | undefined;
}

/** What became of a delivery. */
export type EventResult =
  | { readonly is: 'stored'; readonly outcome: UnitOutcome }
  | { readonly is: 'ignored'; readonly reason: string }
  | { readonly is: 'unreadable'; readonly field: string; readonly reason: string };

/** Turns deliveries of webhooks into change events. */
export class EventReceiver {
  readonly #options: {
    readonly config: EventsConfig;
    readonly models: readonly DeployedModel[];
    readonly writer: Pick<BatchWriter, 'submit'>;
    readonly telemetry: Telemetry;
    readonly wallClock: Clock;
  };

  constructor(options: {
    readonly config: EventsConfig;
    readonly models: readonly DeployedModel[];
    readonly writer: Pick<BatchWriter, 'submit'>;
    readonly telemetry: Telemetry;
    readonly wallClock: Clock;
  }) {
    this.#options = options;
  }

  /**
   * Stores the change that a delivery tells of, for each model that it concerns, durably and once. What cannot be
   * understood is kept as a dead letter.
   *
   * @throws OverloadedError, StoreSlowError, E_STORE
   */
  async take(delivery: EventDelivery): Promise<EventResult> {
    const reading = this.#read(delivery);
    if (reading.is === 'ignored') {
      this.#count(delivery, 'ignored');
      return reading;
    }
    if (reading.is === 'unreadable') {
      this.#count(delivery, 'unreadable');
      // The body as it is: the database refuses and keeps it, or takes it when it is a change event already.
      const outcome = await this.#submit(delivery, [delivery.body]);
      return outcome.accepted > 0 ? { is: 'stored', outcome } : reading;
    }
    const models = modelsOf(reading.change, this.#options.models);
    const lines = (models.length === 0 ? [undefined] : models).map((model) => this.#line(reading.change, model));
    const outcome = await this.#submit(delivery, lines);
    this.#count(delivery, outcome.duplicate ? 'duplicate' : models.length === 0 ? 'without_model' : 'stored');
    return { is: 'stored', outcome };
  }

  #read({ source, sender, body, githubEvent }: EventDelivery): Reading {
    let json: unknown;
    try {
      json = JSON.parse(body.toString('utf8'));
    } catch {
      return { is: 'unreadable', field: '', reason: 'is not valid JSON' };
    }
    switch (source) {
      case 'argo-cd':
        return readArgoCd(json);
      case 'argo-rollouts':
        return readArgoRollouts(json);
      case 'github':
        return readGithub(json, githubEvent);
      case 'mlflow':
        return readMlflow(json);
      case 'generic':
        return readGeneric(json, sender === undefined ? undefined : this.#options.config.generic[sender]);
    }
  }

  #line(change: Change, model: string | undefined): Buffer {
    const { ts = this.#options.wallClock.now(), kind, title, version, url, labels } = change;
    return Buffer.from(
      JSON.stringify({
        ts,
        kind,
        title: cut(title, 1024),
        ...(model === undefined ? {} : { model }),
        ...(version === undefined ? {} : { version: cut(version, 128) }),
        ...(url === undefined || url.length > 2048 ? {} : { url }),
        labels,
      }),
    );
  }

  #submit(delivery: EventDelivery, lines: readonly Buffer[]): Promise<UnitOutcome> {
    const { source, sender = '', body, deliveryId } = delivery;
    const builder = new UnitBuilder('events', this.#options.wallClock.now());
    for (const [index, line] of lines.entries()) builder.add(line, index + 1);
    const name = deliveryId ?? createHash('sha256').update(body).digest('hex');
    const unit = builder.finish(`events ${source} ${sender} ${name}`);
    return this.#options.writer.submit({ ...unit, collector: `events:${source}` });
  }

  #count({ source }: EventDelivery, result: string): void {
    this.#options.telemetry
      .counter(
        'plumbline_webhook_events_total',
        'Deliveries of webhooks that tell of changes, by what became of them.',
        ['source', 'result'],
      )
      .inc({ source, result });
  }
}
