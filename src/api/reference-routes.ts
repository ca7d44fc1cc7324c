import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { guard } from './auth.ts';

const specSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('fixed'),
    from: z.iso.datetime({ offset: true }),
    to: z.iso.datetime({ offset: true }),
  }),
  z.strictObject({ kind: z.literal('trailing'), window_seconds: z.number().positive().default(604_800) }),
  z.strictObject({ kind: z.literal('previous') }),
  z.strictObject({ kind: z.literal('same-hour-last-week'), weeks: z.number().int().min(1).max(26).default(4) }),
  z.strictObject({ kind: z.literal('version'), version: z.string() }),
]);

/** A reference as the API carries it. */
export type ReferenceBody = z.infer<typeof specSchema>;

export const referenceAnswer = z.object({
  model: z.string(),
  reference_version: z.number().int(),
  kind: z.string(),
  spec: z.unknown(),
  from: z.string().nullable(),
  to: z.string().nullable(),
  rows: z.number().int(),
  created: z.string(),
});

export type ReferenceAnswer = z.infer<typeof referenceAnswer>;

export interface ReferenceRouteOptions {
  readonly guard: ReturnType<typeof guard>;
  readonly setReference: (model: string, spec: ReferenceBody) => Promise<ReferenceAnswer>;
  readonly listReferences: (model: string | undefined) => Promise<readonly ReferenceAnswer[]>;
}

/** Registers the routes that list and replace what models are compared with. A replaced reference is kept as an older version. */
export async function registerReferenceRoutes(app: FastifyInstance, options: ReferenceRouteOptions): Promise<void> {
  const typed = app.withTypeProvider<ZodTypeProvider>();
  typed.get(
    '/v1/references',
    {
      onRequest: options.guard('read'),
      schema: {
        summary: 'Lists the references of all models.',
        tags: ['references'],
        response: { 200: z.array(referenceAnswer) },
      },
    },
    async () => [...(await options.listReferences(undefined))],
  );
  typed.get(
    '/v1/models/:model/references',
    {
      onRequest: options.guard('read'),
      schema: {
        summary: 'Lists the references of a model, newest first.',
        tags: ['references'],
        params: z.object({ model: z.string() }),
        response: { 200: z.array(referenceAnswer) },
      },
    },
    async (request) => [...(await options.listReferences(request.params.model))],
  );
  typed.post(
    '/v1/models/:model/references',
    {
      onRequest: options.guard('admin'),
      schema: {
        summary: 'Puts a new reference of a model in force.',
        tags: ['references'],
        params: z.object({ model: z.string() }),
        body: specSchema,
        response: { 201: referenceAnswer },
      },
    },
    async (request, reply) => {
      const { body } = request;
      if (body.kind === 'fixed' && Date.parse(body.from) >= Date.parse(body.to))
        throw new AppError('E_USAGE', 'from must be before to.');
      return reply.code(201).send(await options.setReference(request.params.model, body));
    },
  );
}
