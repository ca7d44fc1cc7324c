import { z } from 'zod';

const allocationSchema = z.looseObject({
  minutes: z.number().min(0),
  totalCost: z.number().min(0),
});
const answerSchema = z.looseObject({
  code: z.literal(200),
  data: z.array(z.nullable(z.record(z.string(), allocationSchema))),
});

/** Costs that belong to no pod with the label. */
const NOBODY = new Set(['__idle__', '__unallocated__', '__unmounted__']);

/**
 * Returns the cost of an hour by value of the label, in the currency of the installation, or undefined when the text is
 * not an answer of the allocation API.
 *
 * @see opencost-website docs/integrations/api.md
 */
export function readAllocations(text: string): ReadonlyMap<string, number> | undefined {
  const parsed = answerSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const sums = new Map<string, { minutes: number; cost: number }>();
  for (const [name, { minutes, totalCost }] of parsed.data.data.flatMap((step) => Object.entries(step ?? {}))) {
    if (NOBODY.has(name)) continue;
    const sum = sums.get(name) ?? { minutes: 0, cost: 0 };
    sums.set(name, { minutes: sum.minutes + minutes, cost: sum.cost + totalCost });
  }
  return new Map(
    [...sums].flatMap(([name, { minutes, cost }]) => (minutes > 0 ? [[name, (cost * 60) / minutes] as const] : [])),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no answer either.
    return undefined;
  }
}
