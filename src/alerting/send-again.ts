import type { OutboxEntry } from '../store/queries/outbox.ts';
import { type ToldMap, toldEpisodes, toldKey } from './told.ts';

/** What becomes of the wish to send a parked message again. */
export type SendAgain =
  | { readonly kind: 'send'; readonly entry: OutboxEntry }
  | { readonly kind: 'refuse'; readonly reason: string };

/**
 * Decides whether a parked message may be sent again: not when it would open a page that nothing closes any more, or
 * start what was given up. Pure.
 *
 * @param facts.firing  Episodes of the alerts that fire now.
 */
export function sendAgain(
  entry: OutboxEntry,
  facts: { readonly told: ToldMap; readonly firing: ReadonlySet<string>; readonly nowMs: number },
): SendAgain {
  if (entry.state !== 'parked') return refuse(`it is ${entry.state}, not parked`);
  if (entry.action === 'retrain') return refuse('the request to retrain has failed; a new one is made when it is due');
  if (entry.action !== 'change') {
    const last = facts.told.get(toldKey(entry.target, entry.dedupKey));
    if (last?.deliveryId !== entry.deliveryId) return refuse('a newer message under its dedup_key has taken its place');
    const isOver = ![...toldEpisodes(last)].some((episode) => facts.firing.has(episode));
    if (entry.action === 'trigger' && isOver) return refuse('what it tells of no longer fires');
  }
  const revision = entry.revision + 1;
  return { kind: 'send', entry: { ...entry, state: 'pending', attempts: 0, nextAttemptMs: facts.nowMs, revision } };
}

function refuse(reason: string): SendAgain {
  return { kind: 'refuse', reason };
}
