import type { FastifyInstance, FastifyReply } from 'fastify';
import { AppError } from '../../core/errors.ts';
import { loadIncident } from '../read/incident.ts';
import { parseMoment } from '../read/request-schemas.ts';
import { AnswerCache } from './answer-cache.ts';
import { loadFleet, loadFleetNews } from './fleet-data.ts';
import { type FleetHours, readHours } from './fleet-hours.ts';
import { fleetPage } from './fleet-page.ts';
import { html } from './html.ts';
import { incidentPage } from './incident-page.ts';
import { layout, PAGE_POLICY } from './layout.ts';
import { loadModelPage, type RangeNumbers, type RowNumbers } from './model-data.ts';
import { modelPage } from './model-page.ts';
import type { PagesDependencies } from './pages-dependencies.ts';
import { registerReport } from './register-report.ts';

/** Registers the HTML pages: all models at /, one at /models/:model, one incident at /incidents/:id; and reports to keep. */
export async function registerPages(app: FastifyInstance, deps: PagesDependencies): Promise<void> {
  await registerReport(app, deps);
  const memory = {
    ranges: new AnswerCache<RangeNumbers>(deps.wallClock),
    rows: new AnswerCache<RowNumbers>(deps.wallClock),
  };
  const hours = new AnswerCache<FleetHours>(deps.wallClock);
  const options = { onRequest: deps.guard('read'), schema: { hide: true } };
  app.get('/', options, async (_request, reply) =>
    show(reply, deps, async (nowMs) => {
      const [rows, news] = await Promise.all([
        loadFleet(deps, async (known) => hours.get('', () => readHours(deps, known))),
        loadFleetNews(deps, nowMs),
      ]);
      return fleetPage(rows, news, nowMs);
    }),
  );
  app.get<{ Params: { model: string }; Querystring: Readonly<Record<string, unknown>> }>(
    '/models/:model',
    options,
    async (request, reply) =>
      show(reply, deps, async (nowMs) => {
        const asked = { from: momentIn(request.query, 'from'), to: momentIn(request.query, 'to') };
        return modelPage(await loadModelPage(deps, request.params.model, asked, memory), nowMs);
      }),
  );
  app.get<{ Params: { id: string } }>('/incidents/:id', options, async (request, reply) =>
    show(reply, deps, async (nowMs) => incidentPage(await loadIncident(deps.store, request.params.id, nowMs), nowMs)),
  );
}

async function show(
  reply: FastifyReply,
  deps: PagesDependencies,
  render: (nowMs: number) => Promise<string>,
): Promise<FastifyReply> {
  const nowMs = deps.clock.now();
  reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', PAGE_POLICY)
    .header('x-content-type-options', 'nosniff');
  reply.header('cache-control', 'no-store').header('referrer-policy', 'same-origin');
  try {
    return await reply.send(await render(nowMs));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    const { status, title, detail } = refusal;
    const body = html`<h1>${title}</h1><p>${detail}</p><p><a href="/">All models</a></p>`;
    return reply.code(status).send(layout({ title, body, nowMs }));
  }
}

/** Returns how to tell a reader that an address leads nowhere; faults of ours are left to the server. */
function refusalOf(error: unknown) {
  if (!(error instanceof AppError)) return undefined;
  if (error.code === 'E_NOT_FOUND') return { status: 404, title: 'Not found', detail: error.message };
  return error.code === 'E_USAGE' ? { status: 400, title: 'Bad request', detail: error.message } : undefined;
}

function momentIn(query: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const text = query[name];
  if (text === undefined || text === '') return undefined;
  const moment = typeof text === 'string' ? parseMoment(text) : undefined;
  if (moment === undefined)
    throw new AppError('E_USAGE', `${name} must be an RFC 3339 time, a date or epoch milliseconds.`);
  return moment;
}
