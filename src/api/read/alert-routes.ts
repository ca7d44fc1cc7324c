import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type AlertStateRow, alertStatesQuery } from '../../store/queries/alerting.ts';
import { latestDeliveriesQuery } from '../../store/queries/outbox.ts';
import { type PageResponse, pageResponses } from '../../store/queries/page-responses.ts';
import { toldEpisodes, toldFrom } from '../../alerting/told.ts';
import { problemSchema } from '../problem.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';

const STATES = ['firing', 'pending', 'resolved'] as const;
type ShownState = (typeof STATES)[number];

const alertSchema = z.object({
  alert: z.string(),
  state: z.enum(STATES),
  severity: z.string(),
  model: z.string(),
  scope: z.string().describe('The model, version, segment or GPU that the alert is about.'),
  labels: z.record(z.string(), z.string()),
  incident: z.string().describe('Id under /v1/incidents once the alert has fired.'),
  pending_since: z.iso.datetime(),
  firing_since: z.iso.datetime().nullable(),
  last_true: z.iso.datetime(),
  resolved_at: z.iso.datetime().nullable(),
  acknowledged: z
    .object({ at: z.iso.datetime(), by: z.string(), response: z.string(), url: z.string() })
    .nullable()
    .describe('What was done last with its page where it was received, when the receiver says so.'),
  summary: z.string(),
  values: z.record(z.string(), z.number()),
});

const querySchema = z.object({
  state: z.enum(STATES).optional(),
  model: z.string().max(128).optional(),
});

/** Registers GET /v1/alerts: the newest state of every alert that is or was true, firing first. */
export async function registerAlertRoutes(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  typed(app).get(
    '/v1/alerts',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: 'Alerts: firing, pending, and the last episode of those that are over.',
        tags: ['read'],
        querystring: querySchema,
        response: { 200: z.array(alertSchema), 400: problemSchema },
      },
    },
    async ({ query }) => {
      const rows = await deps.store.query(alertStatesQuery, {});
      const responses = await responsesByEpisode(deps);
      return rows
        .flatMap((row) => toJson(row, responses.get(row.episode)) ?? [])
        .filter((alert) => query.state === undefined || alert.state === query.state)
        .filter((alert) => query.model === undefined || alert.model === query.model)
        .toSorted(
          (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || b.last_true.localeCompare(a.last_true),
        );
    },
  );
}

/** Returns what the world is told about an alert: one that holds on after its condition has gone is still firing. */
function shownState(state: AlertStateRow['state']): ShownState | undefined {
  if (state === 'inactive') return undefined;
  return state === 'keep_firing' ? 'firing' : state;
}

function toJson(row: AlertStateRow, response: PageResponse | undefined): z.infer<typeof alertSchema> | undefined {
  const state = shownState(row.state);
  if (state === undefined) return undefined;
  return {
    alert: row.alert,
    state,
    severity: row.severity,
    model: row.model,
    scope: row.scopeKey,
    labels: row.labels,
    incident: row.episode,
    pending_since: new Date(row.pendingSinceMs).toISOString(),
    firing_since: timeOrNull(row.firingSinceMs),
    last_true: new Date(row.lastTrueMs).toISOString(),
    resolved_at: timeOrNull(row.resolvedAtMs),
    acknowledged:
      response === undefined || row.firingSinceMs === 0
        ? null
        : {
            at: new Date(response.atMs).toISOString(),
            by: response.responder,
            response: response.response,
            url: response.url,
          },
    summary: row.summary,
    values: row.values,
  };
}

/** Returns what was done with the pages of the last thirty days, by episode of the alerts they told of. */
async function responsesByEpisode({ store, clock }: ReadDependencies): Promise<ReadonlyMap<string, PageResponse>> {
  const responses = await store.query(pageResponses, { since: clock.now() - RESPONSES_MS });
  if (responses.length === 0) return new Map();
  const byKey = new Map(responses.map((response) => [response.dedupKey, response]));
  const told = toldFrom(await store.query(latestDeliveriesQuery, {}));
  return new Map(
    [...told.values()].flatMap((one) => {
      const response = byKey.get(one.dedupKey);
      // A response that is older than the page belongs to an earlier page under the same key.
      if (response === undefined || response.atMs < one.message.atMs) return [];
      return [...toldEpisodes(one)].map((episode) => [episode, response] as const);
    }),
  );
}

const RESPONSES_MS = 30 * 86_400_000;

function timeOrNull(timeMs: number): string | null {
  return timeMs === 0 ? null : new Date(timeMs).toISOString();
}
