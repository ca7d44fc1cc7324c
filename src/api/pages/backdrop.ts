import type { TimeAxis } from './chart-frame.ts';
import type { ModelNumbers } from './model-data.ts';

/** Returns the alerts and changes of a range as what is shown behind its charts; the newest of them when there are many. */
export function backdropOf(
  { alerts, changes }: Pick<ModelNumbers, 'alerts' | 'changes'>,
  toMs: number,
): Pick<TimeAxis, 'spans' | 'marks'> {
  return {
    spans: alerts.slice(0, MAX_SHOWN).map((episode) => ({
      fromMs: episode.firing_ms,
      toMs: episode.resolved_ms === 0 ? toMs : episode.resolved_ms,
      name: `${episode.alert} was firing`,
    })),
    marks: changes.slice(0, MAX_SHOWN).map(({ ts_ms, kind, title }) => ({ atMs: ts_ms, name: `${kind}: ${title}` })),
  };
}

const MAX_SHOWN = 30;
