/** Steps of a block of Kafka, in their order: from a chosen end until the group's offset is behind it. */
export const BLOCK_STEPS = ['undeclared', 'declared', 'inserting', 'inserted', 'unadvanced', 'advanced'] as const;

export type BlockStep = (typeof BLOCK_STEPS)[number];

/**
 * Returns the environment in which the built program dies of SIGKILL when it is at a step for the n-th time; with
 * `engine`, a file with the identity of its database engine, the engine dies instead.
 */
export function dyingAt(step: BlockStep, times: number, engine?: string): Readonly<Record<string, string>> {
  const killer = new URL('block-killer.ts', import.meta.url).href;
  return {
    NODE_OPTIONS: `--import=tsx --import=${killer}`,
    DIE_AT: step,
    DIE_AFTER: String(times),
    ...(engine === undefined ? {} : { DIE_ENGINE: engine }),
  };
}
