import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type AlertStateRow, alertStatesQuery } from '../../store/queries/alerting.ts';
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
      return rows
        .flatMap((row) => toJson(row) ?? [])
        .filter((alert) => query.state === undefined || alert.state === query.state)
        .filter((alert) => query.model === undefined || alert.model === query.model)
        .toSorted(
          (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || b.last_true.localeCompare(a.last_true),
        );
    },
  );
}

/** Returns what the world is told about an alert: one that holds on after its condition has gone is still firing. */
export function shownState(state: AlertStateRow['state']): ShownState | undefined {
  if (state === 'inactive') return undefined;
  return state === 'keep_firing' ? 'firing' : state;
}

function toJson(row: AlertStateRow): z.infer<typeof alertSchema> | undefined {
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
    summary: row.summary,
    values: row.values,
  };
}

function timeOrNull(timeMs: number): string | null {
  return timeMs === 0 ? null : new Date(timeMs).toISOString();
}
