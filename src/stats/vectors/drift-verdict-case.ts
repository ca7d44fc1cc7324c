import { z } from 'zod';
import { driftVerdict, type VerdictFeature } from '../verdict.ts';
import { numberParam, parse } from './input.ts';
import { snakeKeys } from './snake-keys.ts';
import type { VectorInput } from './types.ts';

/** Runs the default verdict on the features of a case. */
export function driftVerdictCase(input: VectorInput): Readonly<Record<string, unknown>> {
  const counts = new Map(parse(currentSide, input.current).features.map((feature) => [feature.name, feature.counts]));
  const features = parse(referenceSide, input.reference).features.map(
    ({ name, kind, windows }): VerdictFeature => ({
      name,
      kind: kind === 'ordinal' ? 'ordinal' : 'categorical',
      reference: { windows },
      current: counts.get(name) ?? [],
    }),
  );
  const verdicts = driftVerdict(features, {
    q: numberParam(input, 'q'),
    minRows: numberParam(input, 'min_n', 100),
    minExpected: numberParam(input, 'min_expected', 10),
    group: { every: numberParam(input, 'group', 1) },
  });
  return { features: verdicts.map((verdict) => snakeKeys(verdict)) };
}

const referenceSide = z.object({
  features: z.array(
    z.object({ name: z.string(), kind: z.enum(['ordinal', 'nominal']), windows: z.array(z.array(z.number())) }),
  ),
});
const currentSide = z.object({ features: z.array(z.object({ name: z.string(), counts: z.array(z.number()) })) });
