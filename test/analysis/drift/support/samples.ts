import { createLcg } from '../../../../src/stats/generator.ts';

/** Returns n draws that are close to standard normal, the same ones for the same seed. */
export function normals(seed: number, n: number): number[] {
  const next = createLcg(seed);
  return Array.from({ length: n }, () => Array.from({ length: 12 }, next).reduce((sum, u) => sum + u, 0) - 6);
}

/** Returns n draws among names, by weight. */
export function categories(seed: number, n: number, weights: Readonly<Record<string, number>>): string[] {
  const next = createLcg(seed);
  const entries = Object.entries(weights);
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  return Array.from({ length: n }, () => {
    let left = next() * total;
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return entries.at(-1)?.[0] ?? '';
  });
}
