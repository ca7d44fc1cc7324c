import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LEVELS } from '../../stats/levels.ts';
import { type Episode, episodes } from '../../store/queries/evidence.ts';
import { problemSchema } from '../problem.ts';
import { END_OF_TIME_MS, type Incident, loadIncident } from './incident.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import { rangeOf, rangeShape } from './request-schemas.ts';

const incidentSchema = z.object({
  id: z.string(),
  alert: z.string(),
  model: z.string(),
  scope: z.string(),
  severity: z.string(),
  state: z.enum(['open', 'resolved']),
  started_at: z.iso.datetime().describe('First minute in which the condition held.'),
  fired_at: z.iso.datetime(),
  resolved_at: z.iso.datetime().nullable(),
  summary: z.string(),
});

const evidenceSchema = z.object({
  values: z.record(z.string(), z.number().nullable()).describe('Signals of the rule when it fired.'),
  transitions: z.array(z.object({ at: z.iso.datetime(), transition: z.string() })),
  signals: z.array(
    z.object({
      signal: z.string(),
      unit: z.string(),
      simulated: z.boolean().describe('True when the series or its source says that it is not real.'),
      points: z.array(z.object({ t: z.iso.datetime(), value: z.number() })),
    }),
  ),
  change_events: z
    .array(
      z.object({
        ts: z.iso.datetime(),
        kind: z.string(),
        title: z.string(),
        model: z.string(),
        version: z.string(),
        url: z.string(),
        labels: z.record(z.string(), z.string()),
      }),
    )
    .describe('Changes in the two hours before.'),
  drifting_features: z.array(
    z.object({
      feature: z.string(),
      kind: z.string(),
      level: z.enum(LEVELS),
      psi_corrected: z.number().nullable().describe('Null where there was too little data.'),
      ks: z.number().nullable().describe('Null for a categorical feature.'),
      missing_current: z.number(),
      unseen: z.number(),
      reason: z.string(),
      from: z.iso.datetime(),
      to: z.iso.datetime(),
    }),
  ),
  affected: z.object({
    predictions: z.number().int(),
    errors: z.number().int(),
    simulated: z.number().int().describe('Predictions that say of themselves that they are simulated.'),
  }),
  simulated: z.array(z.string()).describe('What of it is not real; empty when nothing says so.'),
  sql: z.array(z.object({ title: z.string(), sql: z.string() })).describe('Statements that give these numbers again.'),
});

const MAX_INCIDENTS = 500;

/** Registers GET /v1/incidents and /v1/incidents/:id. */
export async function registerIncidentRoutes(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  typed(app).get(
    '/v1/incidents',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: `The newest ${MAX_INCIDENTS} incidents that were open in a range.`,
        tags: ['read'],
        querystring: z.object({ ...rangeShape, model: z.string().max(128).optional() }),
        response: { 200: z.array(incidentSchema), 400: problemSchema },
      },
    },
    async ({ query }) => {
      const { fromMs, toMs } = rangeOf(query, { fromMs: 0, toMs: END_OF_TIME_MS });
      const rows = await deps.store.query(episodes, {
        model: query.model ?? '',
        id: '',
        from: fromMs,
        to: toMs,
        limit: MAX_INCIDENTS,
      });
      return rows.map(toIncident);
    },
  );
  typed(app).get(
    '/v1/incidents/:id',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: 'One incident with its evidence.',
        tags: ['read'],
        params: z.object({ id: z.string().min(1).max(512) }),
        response: { 200: incidentSchema.extend({ evidence: evidenceSchema }), 404: problemSchema },
      },
    },
    async ({ params }) => {
      const incident = await loadIncident(deps.store, params.id, deps.clock.now());
      return { ...toIncident(incident.episode), evidence: toEvidence(incident) };
    },
  );
}

function toIncident(episode: Episode): z.infer<typeof incidentSchema> {
  const { id, alert, model, scope, severity, summary } = episode;
  const isOpen = episode.resolved_ms === 0;
  return {
    id,
    alert,
    model,
    scope,
    severity,
    state: isOpen ? 'open' : 'resolved',
    started_at: iso(episode.pending_ms),
    fired_at: iso(episode.firing_ms),
    resolved_at: isOpen ? null : iso(episode.resolved_ms),
    summary,
  };
}

function toEvidence(incident: Incident): z.infer<typeof evidenceSchema> {
  const { episode, signals, changes, drift, affected, simulated, sql } = incident;
  return {
    values: episode.values,
    transitions: episode.transitions.map(([atMs, transition]) => ({ at: iso(atMs), transition })),
    signals: signals.map(({ signal, unit, simulated: notReal, points }) => ({
      signal,
      unit,
      simulated: notReal,
      points: points.map(([atMs, value]) => ({ t: iso(atMs), value })),
    })),
    change_events: changes.map(({ ts_ms, ...event }) => ({ ts: iso(ts_ms), ...event })),
    drifting_features: drift.map(({ from_ms, to_ms, ...feature }) => ({
      ...feature,
      from: iso(from_ms),
      to: iso(to_ms),
    })),
    affected,
    simulated: [...simulated],
    sql: sql.map(({ title, sql: text }) => ({ title, sql: text })),
  };
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
