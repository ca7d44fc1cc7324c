import type { FastifyInstance } from 'fastify';
import { registerAlertQualityRoute } from './alert-quality-route.ts';
import { registerAlertRoutes } from './alert-routes.ts';
import { registerDriftRoute } from './drift-route.ts';
import { registerExplainRoute } from './explain-route.ts';
import { registerIncidentRoutes } from './incident-routes.ts';
import { registerModelRoutes } from './model-routes.ts';
import { registerPerformanceRoute } from './performance-route.ts';
import type { ReadDependencies } from './read-dependencies.ts';
import { registerSignalsRoute } from './signals-route.ts';

/** Registers every route that reads: models, drift, performance, signals, alerts and incidents. */
export async function registerReadRoutes(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  await registerModelRoutes(app, deps);
  await registerDriftRoute(app, deps);
  await registerExplainRoute(app, deps);
  await registerPerformanceRoute(app, deps);
  await registerSignalsRoute(app, deps);
  await registerAlertRoutes(app, deps);
  await registerAlertQualityRoute(app, deps);
  await registerIncidentRoutes(app, deps);
}
