import fastifySwagger from '@fastify/swagger';
import { fastify, LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { handleError, sendProblem } from './problem.ts';

/**
 * Returns an HTTP server without routes: validation and answers by zod schemas, OpenAPI 3.1 at /openapi.json, problem
 * documents for errors.
 */
export async function createServer(options: {
  readonly logger: FastifyBaseLogger;
  readonly version: string;
}): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: 0,
    // A slow client may not hold a connection without sending headers.
    connectionTimeout: 0,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 512 },
    bodyLimit: 4_194_304,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(async (request, reply) => {
    await sendProblem(reply, 404, {
      title: 'Not Found',
      detail: `There is nothing at ${request.method} ${request.url.split('?')[0] ?? ''}.`,
    });
  });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Plumbline',
        version: options.version,
        description: 'Observability and drift analytics for machine learning in production.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    transform: jsonSchemaTransform,
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  return app;
}
