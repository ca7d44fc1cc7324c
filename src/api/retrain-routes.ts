import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { RetrainJob } from '../alerting/retrain/retrain-job.ts';
import type { Clock } from '../core/clock.ts';
import { type RetrainRequest, retrainRequests } from '../store/queries/retrain.ts';
import type { Store } from '../store/store.ts';
import type { guard } from './auth.ts';
import { problemSchema, sendProblem } from './problem.ts';
import { typed } from './read/read-dependencies.ts';

export interface RetrainRoutesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly guard: ReturnType<typeof guard>;
  readonly retraining: Pick<RetrainJob, 'decide'>;
}

const requestSchema = z.object({
  id: z.string(),
  model: z.string(),
  version: z.string(),
  state: z.string(),
  reason: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  requested_at: z.iso.datetime(),
  decided_at: z.iso.datetime().describe('When it came into its state.'),
  decided_by: z.string(),
  new_version: z.string(),
  detail: z.string(),
});

const YEAR_MS = 365 * 86_400_000;

/** Registers GET /v1/retrain and POST /v1/retrain/:id/approve and /reject. */
export async function registerRetrainRoutes(app: FastifyInstance, options: RetrainRoutesOptions): Promise<void> {
  const { store, clock, guard, retraining } = options;
  const tags = ['retraining'];
  typed(app).get(
    '/v1/retrain',
    {
      onRequest: guard('read'),
      schema: {
        summary: 'Requests to retrain of the last year and what became of them, newest first.',
        tags,
        querystring: z.object({ model: z.string().max(128).optional() }),
        response: { 200: z.array(requestSchema), 400: problemSchema },
      },
    },
    async ({ query }) => {
      const since = clock.now() - YEAR_MS;
      return (await store.query(retrainRequests, { model: query.model ?? '', id: '', since })).map(toJson);
    },
  );
  for (const verb of ['approve', 'reject'] as const) {
    typed(app).post(
      `/v1/retrain/:id/${verb}`,
      {
        onRequest: guard('admin'),
        schema: {
          summary: verb === 'approve' ? 'Lets a request to retrain go to its target.' : 'Ends a request to retrain.',
          tags,
          params: z.object({ id: z.string().min(1).max(64) }),
          querystring: z.object({ by: z.string().max(200).optional().describe('Who decides.') }),
          response: { 200: requestSchema, 404: problemSchema },
        },
      },
      async ({ params, query }, reply) => {
        const approve = verb === 'approve';
        const decided = await retraining.decide({ id: params.id, approve, by: query.by ?? '', atMs: clock.now() });
        if (decided !== undefined) return toJson(decided);
        const detail = `No request ${params.id} waits for approval.`;
        await sendProblem(reply, 404, { title: 'Not Found', detail });
        return reply;
      },
    );
  }
}

function toJson(request: RetrainRequest): z.infer<typeof requestSchema> {
  const { id, model, version, state, reason, evidence, detail } = request;
  return {
    id,
    model,
    version,
    state,
    reason,
    evidence: JSON.parse(evidence),
    requested_at: new Date(request.requestedMs).toISOString(),
    decided_at: new Date(request.decidedMs).toISOString(),
    decided_by: request.decidedBy,
    new_version: request.newVersion,
    detail,
  };
}
