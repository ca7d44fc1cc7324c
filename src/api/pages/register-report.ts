import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { problemSchema } from '../problem.ts';
import { typed } from '../read/read-dependencies.ts';
import { modelParameters, rangeShape } from '../read/request-schemas.ts';
import { PAGE_POLICY } from './layout.ts';
import type { PagesDependencies } from './pages-dependencies.ts';
import { loadReport } from './report-data.ts';
import { reportPage } from './report-page.ts';

/** Registers GET /v1/models/:model/report: a self-contained HTML page that can be kept and sent on. */
export async function registerReport(app: FastifyInstance, deps: PagesDependencies): Promise<void> {
  typed(app).get(
    '/v1/models/:model/report',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: 'A self-contained HTML page: drift, performance, latency, GPU and business on one time axis.',
        tags: ['read'],
        params: modelParameters,
        querystring: z.strictObject(rangeShape),
        response: { 200: z.string().describe('An HTML page.'), 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ params, query }, reply) => {
      const data = await loadReport(deps, params.model, query);
      reply.header('content-security-policy', PAGE_POLICY).header('x-content-type-options', 'nosniff');
      reply.header('cache-control', 'no-store').type('text/html; charset=utf-8');
      return reply.send(reportPage(data, deps.clock.now()));
    },
  );
}
