/** Returns true when a name or label says that what it names is not real. */
export function isSimulated(...names: readonly string[]): boolean {
  return names.some((name) => name.toLowerCase().includes('simulated'));
}
