import type { RuntimeSamples } from './runtime-values.ts';

const RESOURCES = ['gpu', 'cpu', 'memory'] as const;

/**
 * Returns the cost of each model in US dollars an hour: what a cost tool says of the model itself, else what its
 * containers hold of each node times the prices of that node. A model that holds something whose price is not known has
 * no cost, rather than too low a one.
 */
export function allocatedCosts({ gauges }: RuntimeSamples): readonly (readonly [model: string, usdPerHour: number])[] {
  const prices = new Map<string, number>();
  for (const { measure, part, top } of gauges) {
    if (measure.endsWith('_price')) prices.set(`${measure} ${part}`, top);
  }
  const declared = new Map<string, number>();
  const computed = new Map<string, number>();
  for (const { measure, part, model, total } of gauges) {
    if (model === '') continue;
    if (measure === 'cost_per_hour') declared.set(model, (declared.get(model) ?? 0) + total);
    const resource = RESOURCES.find((name) => measure === `${name}_allocation`);
    if (resource === undefined || total === 0) continue;
    const price = prices.get(`${resource}_price ${part}`) ?? Number.NaN;
    computed.set(model, (computed.get(model) ?? 0) + total * price);
  }
  return [...new Map([...computed, ...declared])].filter(([, cost]) => Number.isFinite(cost));
}
