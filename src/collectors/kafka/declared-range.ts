import { z } from 'zod';
import type { Committed } from './log-consumer.ts';

/**
 * What the metadata of a committed offset c say. Without an end: everything before c is stored. With an end e: in
 * addition somebody may have tried to store exactly the records from c to e, so nobody may ever choose another end.
 */
export interface DeclaredRange {
  /** Names this life of the partition: offsets that begin anew after a topic was deleted are no repetition. */
  readonly life: string;
  /** Last offset of the declared block, its records and when it was declared, in milliseconds since 1970. */
  readonly declared: { readonly end: number; readonly rows: number; readonly atMs: number } | undefined;
}

const METADATA = /^v1(?:;e=(\d{1,16});n=(\d{1,9});t=(\d{1,16}))?;g=([0-9a-z]{1,16})$/;
const parts = z.tuple([z.string(), z.string().optional(), z.string().optional(), z.string().optional(), z.string()]);

/** Returns the metadata that declare a block, or without one that everything before the offset is stored. */
export function formatRange({ life, declared }: DeclaredRange): string {
  const range = declared === undefined ? '' : `;e=${declared.end};n=${declared.rows};t=${declared.atMs}`;
  return `v1${range};g=${life}`;
}

/** Returns what a committed offset says; undefined when the group never read the partition or others wrote it. */
export function parseRange(committed: Committed): DeclaredRange | undefined {
  const match = parts.safeParse(METADATA.exec(committed.metadata) ?? undefined);
  if (!match.success) return undefined;
  const [, end, rows, at, life] = match.data;
  const declared = end === undefined ? undefined : { end: Number(end), rows: Number(rows ?? 0), atMs: Number(at ?? 0) };
  return { life, declared };
}

/** Returns the token of the block from `first` to `last`, the same for every try and every process. */
export function rangeToken(range: {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly life: string;
  readonly first: number;
  readonly last: number;
}): string {
  return `kafka:${range.group}:${range.topic}:${range.partition}:${range.life}:${range.first}-${range.last}`;
}
