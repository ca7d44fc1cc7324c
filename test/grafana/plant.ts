import type { Json, JsonObject } from '../../src/grafana/json.ts';

export type Path = readonly (string | number)[];

/** Returns a dashboard with one place changed; undefined takes it away. */
export function plant(dashboard: JsonObject, path: Path, value: Json | undefined): JsonObject {
  const changed = change(dashboard, path, value);
  if (typeof changed !== 'object' || changed === null || Array.isArray(changed)) throw new Error('Not an object.');
  return Object.fromEntries(Object.entries(changed));
}

function change(node: Json | undefined, path: Path, value: Json | undefined): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(node))
    return node.map((item: Json, index) => (index === key ? (change(item, rest, value) ?? null) : item));
  if (typeof node !== 'object' || node === null) throw new Error(`Nothing at ${path.join('.')}.`);
  const kept = Object.entries(node).filter(([name]) => name !== key);
  const next = change(Object.entries(node).find(([name]) => name === key)?.[1], rest, value);
  return Object.fromEntries(next === undefined ? kept : [...kept, [String(key), next]]);
}
