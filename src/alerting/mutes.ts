import { silencesQuery } from '../store/queries/silences.ts';
import type { Store } from '../store/store.ts';
import type { Mute } from './page-target.ts';
import { isInMaintenance, type RoutingConfig } from './routing-config.ts';
import { isSilenced, type Silence, silenceFromRow } from './silences.ts';

/** How long after its end a silence still counts for minutes that are caught up. */
const LATE_MS = 86_400_000;

/**
 * Returns every reason for which alerts of a minute are told to nobody, in that minute or now: silences made through the
 * API, silences and maintenance windows of the configuration.
 *
 * @throws StoreError when the database is away
 */
export async function readMutes(options: {
  readonly store: Store;
  readonly routing: Pick<RoutingConfig, 'silences' | 'maintenance'>;
  readonly nowMs: number;
}): Promise<readonly Mute[]> {
  const { store, routing, nowMs } = options;
  const rows = await store.query(silencesQuery, { after: nowMs - LATE_MS });
  const made = rows.flatMap((row) => silenceFromRow(row) ?? []);
  const silences = [...made, ...configuredSilences(routing)];
  // A minute is decided after its end: who made a silence meanwhile does not want the page that would be sent now.
  const holds = (atMs: number, isTrueAt: (timeMs: number) => boolean): boolean => isTrueAt(atMs) || isTrueAt(nowMs);
  return [
    (alert, atMs) => {
      const silence = silences.find((one) => holds(atMs, (timeMs) => isSilenced(one, alert, timeMs)));
      return silence === undefined ? undefined : `silence ${silence.id}: ${silence.comment}`;
    },
    (alert, atMs) => {
      const open = routing.maintenance.find((one) =>
        holds(atMs, (timeMs) => isInMaintenance(one, alert.instance.model, timeMs)),
      );
      return open === undefined ? undefined : `maintenance${open.comment === '' ? '' : `: ${open.comment}`}`;
    },
  ];
}

/** Returns the silences of the configuration, under ids by their place. */
export function configuredSilences({ silences }: Pick<RoutingConfig, 'silences'>): readonly Silence[] {
  return silences.map((silence, index) => ({
    id: `config-${index + 1}`,
    matchers: silence.matchers,
    comment: silence.comment,
    createdBy: silence.created_by,
    startsMs: silence.starts_at ?? 0,
    endsMs: silence.ends_at,
  }));
}
