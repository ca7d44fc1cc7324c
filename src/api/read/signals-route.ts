import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { findSignal } from '../../signals/catalogue.ts';
import { closestSignal } from '../../signals/closest-signal.ts';
import type { SignalDefinition } from '../../signals/signal-definition.ts';
import { MAX_SIGNAL_POINTS, type SignalPoint, signalPoints } from '../../store/queries/signals-read.ts';
import { problemSchema } from '../problem.ts';
import { knownModel } from './known-model.ts';
import { type ReadDependencies, typed } from './read-dependencies.ts';
import { modelParameters, rangeOf, rangeShape } from './request-schemas.ts';

const DAY_MS = 86_400_000;

const answerSchema = z.object({
  signal: z.string(),
  unit: z.string(),
  points: z.array(
    z.object({
      t: z.iso.datetime().describe('Start of the minute.'),
      value: z.number().nullable().describe('Null unless the state is ok.'),
      state: z.string(),
      version: z.string().optional(),
      feature: z.string().optional(),
      segment: z.string().optional(),
      gpu: z.string().optional(),
    }),
  ),
});

const level = (name: string) =>
  z.string().max(520).optional().describe(`One ${name}, or * for every one; the model as a whole when absent.`);
const querySchema = z.object({
  name: z.string().min(1).max(200).describe('Name of the signal.'),
  ...rangeShape,
  version: level('version'),
  feature: level('feature'),
  segment: level('segment (name=value)'),
  gpu: level('GPU'),
});
type SignalRequest = z.infer<typeof querySchema>;

/** Registers GET /v1/models/:model/signals: the minutes of one signal; the last day when no range is given. */
export async function registerSignalsRoute(app: FastifyInstance, deps: ReadDependencies): Promise<void> {
  typed(app).get(
    '/v1/models/:model/signals',
    {
      onRequest: deps.guard('read'),
      schema: {
        summary: 'One signal, minute by minute.',
        tags: ['read'],
        params: modelParameters,
        querystring: querySchema,
        response: { 200: answerSchema, 400: problemSchema, 404: problemSchema },
      },
    },
    async ({ params, query }) => {
      const definition = findSignal(query.name);
      if (definition === undefined) throw unknownSignal(query.name);
      const end = query.to ?? deps.clock.now();
      const { fromMs, toMs } = rangeOf(query, { fromMs: end - DAY_MS, toMs: end });
      const points = await deps.store.query(signalPoints, {
        model: params.model,
        signal: query.name,
        ...levelsOf(definition, query),
        from: fromMs,
        to: toMs,
      });
      // A model that only its serving runtime or its GPUs tell of has signals but no predictions.
      if (points.length === 0) await knownModel(deps.store, params.model);
      if (points.length > MAX_SIGNAL_POINTS) {
        throw new AppError('E_USAGE', `from and to span more than ${MAX_SIGNAL_POINTS} points; ask for less.`);
      }
      return { signal: query.name, unit: definition.unit, points: points.map(toJson) };
    },
  );
}

/** A signal that has no rows for the model as a whole shows all rows of the levels it has. */
function levelsOf(definition: SignalDefinition, query: SignalRequest) {
  const names = ['version', 'feature', 'segment', 'gpu'] as const;
  const isNarrowed = names.some((name) => query[name] !== undefined);
  const open = (name: (typeof names)[number]): string => {
    const hasModelLevel = definition.scope.includes('model');
    return !hasModelLevel && !isNarrowed && definition.scope.includes(name) ? '*' : '';
  };
  return {
    version: query.version ?? open('version'),
    feature: query.feature ?? open('feature'),
    segment: query.segment ?? open('segment'),
    gpu: query.gpu ?? open('gpu'),
  };
}

function unknownSignal(name: string): AppError {
  const closest = closestSignal(name);
  const hint = closest === undefined ? '' : ` Did you mean ${closest}?`;
  return new AppError('E_USAGE', `name: there is no signal ${name}.${hint}`);
}

function toJson(point: SignalPoint) {
  const { version, feature, segment, gpu } = point;
  return {
    t: new Date(point.t_ms).toISOString(),
    value: point.value,
    state: point.state,
    ...(version === '' ? {} : { version }),
    ...(feature === '' ? {} : { feature }),
    ...(segment === '' ? {} : { segment }),
    ...(gpu === '' ? {} : { gpu }),
  };
}
