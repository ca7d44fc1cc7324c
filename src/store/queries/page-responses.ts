import { z } from 'zod';
import { defineQuery } from '../query.ts';

const pageResponse = z.object({
  dedupKey: z.string(),
  response: z.string(),
  responder: z.string(),
  url: z.string(),
  atMs: z.number(),
});

/** What somebody did with a page where it was received, newest first. */
export type PageResponse = z.infer<typeof pageResponse>;

/** Returns the newest response to every page since a time, epoch ms. */
export const pageResponses = defineQuery<{ readonly since: number }>()({
  name: 'page_responses',
  sql: `SELECT dedup_key AS dedupKey, response, responder, url, toUnixTimestamp64Milli(at) AS atMs
FROM page_responses FINAL WHERE at >= fromUnixTimestamp64Milli({since:Int64}) ORDER BY at DESC LIMIT 10000`,
  row: pageResponse,
});

/** Returns the rows of table `page_acknowledgements` for a page that somebody took on, one for each episode it told of. */
export function acknowledgementInserts(
  { dedupKey, responder, atMs }: PageResponse,
  episodes: Iterable<string>,
): readonly Readonly<Record<string, unknown>>[] {
  const at = new Date(atMs).toISOString();
  return [...episodes].map((episode) => ({ episode, dedup_key: dedupKey, responder, at }));
}

/** Returns the row of table `page_responses`. */
export function pageResponseInsert(row: PageResponse): Readonly<Record<string, unknown>> {
  return {
    dedup_key: row.dedupKey,
    response: row.response,
    responder: row.responder,
    url: row.url,
    at: new Date(row.atMs).toISOString(),
  };
}
