import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Store } from '../store/store.ts';
import type { CollectorHealth, CollectorState } from '../telemetry/collector-health.ts';
import type { guard } from './auth.ts';
import { sendProblem } from './problem.ts';

export interface SystemRouteOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly guard: ReturnType<typeof guard>;
  readonly health: Pick<CollectorHealth, 'states'>;
  /** False while the service starts or drains. */
  readonly isReady: () => boolean;
  /** Why no more work should be sent here: a backlog beyond its limit. Undefined when all is well. */
  readonly overLimit?: () => string | undefined;
}

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Registers /metrics (Prometheus text or OpenMetrics), /healthz and /readyz. */
export async function registerSystemRoutes(app: FastifyInstance, options: SystemRouteOptions): Promise<void> {
  const { store, registry } = options;
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'Tells that the process lives.',
        tags: ['system'],
        response: { 200: z.object({ status: z.literal('ok') }) },
      },
    },
    async () => ({ status: 'ok' as const }),
  );
  app.get(
    '/readyz',
    { schema: { summary: 'Tells whether work can be taken, and which collectors work.', tags: ['system'] } },
    async (_request, reply) => {
      const limit = options.overLimit?.();
      if (options.isReady() && limit === undefined && (await store.ping())) {
        // Why a collector is down stands in the log: this answer needs no token.
        return { status: 'ready', collectors: options.health.states().map(stateAnswer) };
      }
      reply.header('retry-after', '5');
      await sendProblem(reply, 503, {
        title: 'Service Unavailable',
        detail: limit ?? 'The database does not answer or the service is stopping.',
      });
      return reply;
    },
  );
  app.get(
    '/metrics',
    {
      onRequest: options.guard('read'),
      schema: { summary: 'Signals and the health of the service itself.', tags: ['system'] },
    },
    async (request, reply) => {
      if (!(request.headers.accept ?? '').includes('application/openmetrics-text')) {
        return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await registry.metrics());
      }
      return reply.type(OPENMETRICS).send(toOpenMetrics(await registry.metrics()));
    },
  );
}

function stateAnswer({ collector, up, lastSuccessMs }: CollectorState) {
  return { collector, up, last_success: lastSuccessMs === undefined ? null : new Date(lastSuccessMs).toISOString() };
}

/** The text format becomes OpenMetrics by naming counters without _total in their comments and ending with EOF. */
function toOpenMetrics(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map((match) => match[1]));
  const renamed = text.replaceAll(/^# (HELP|TYPE) (\S+)_total /gm, (line, word: string, name: string) =>
    counters.has(name) ? `# ${word} ${name} ` : line,
  );
  return `${renamed.replaceAll(/^\n/gm, '')}# EOF\n`;
}
