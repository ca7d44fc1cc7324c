import type { ChangeEvent, Episode } from '../../store/queries/evidence.ts';
import { isSimulated } from '../read/simulated.ts';
import { duration, moment } from './format.ts';
import { html, type Html } from './html.ts';
import type { ModelNumbers } from './model-data.ts';
import { heading, incidentHref, reproduce, simulatedMark, table } from './parts.ts';

/** Returns the alerts that fired in the range, newest first, each with a link to its evidence where there is a service to ask. */
export function alertsSection({ alerts, side, sql }: ModelNumbers, { links } = { links: true }): Html {
  const gpuIsSimulated = isSimulated(
    ...(side?.gpu ?? []).flatMap(({ pods, gpus, nodes }) => [...pods, ...gpus, ...nodes]),
  );
  return html`<h2 id="alerts">Alerts</h2>
${
  alerts.length === 0
    ? html`<p>No alert has fired in this range.</p>`
    : table({
        name: 'Alerts',
        caption: 'Alerts of this model that were firing at some time in this range, newest first.',
        head: [
          heading('Alert', 't'),
          heading('Severity', 't'),
          heading('Held from', 't'),
          heading('Fired', 't'),
          heading('Resolved', 't'),
          heading('For'),
          heading('What it said', 't'),
        ],
        rows: alerts.map((episode) => alertRow(episode, { gpuIsSimulated, links })),
      })
}
${reproduce(sql.alerts)}`;
}

/** Returns the change events of the range, newest first. */
export function changesSection({ changes, sql }: ModelNumbers): Html {
  return html`<h2 id="changes">Changes</h2>
${changes.length === 0 ? html`<p>No change events in this range.</p>` : changesTable(changes, 'Deploys, retrains and other changes of this model, or of no model in particular, newest first.')}
${reproduce(sql.changes)}`;
}

/** Returns a table of change events. */
export function changesTable(changes: readonly ChangeEvent[], caption: string): Html {
  return table({
    name: 'Changes',
    caption,
    head: [heading('Time', 't'), heading('Kind', 't'), heading('What', 't'), heading('Version', 't')],
    rows: changes.map((event) => {
      const labels = Object.entries(event.labels).flat();
      return html`<tr><th scope="row" class="t">${moment(event.ts_ms)}</th><td class="t">${event.kind}</td><td class="t w">${titleOf(event)}${simulatedMark(isSimulated(event.title, ...labels))}</td><td class="t">${event.version === '' ? '–' : event.version}</td></tr>
`;
    }),
  });
}

/** Only web addresses become links: an event may carry any text. */
function titleOf(event: ChangeEvent): Html {
  return /^https?:\/\//.test(event.url)
    ? html`<a href="${event.url}" rel="noreferrer">${event.title}</a>`
    : html`${event.title}`;
}

function alertRow(
  episode: Episode,
  { gpuIsSimulated, links }: { readonly gpuIsSimulated: boolean; readonly links: boolean },
): Html {
  const { id, alert, severity, pending_ms, firing_ms, resolved_ms, summary, values } = episode;
  const isOpen = resolved_ms === 0;
  const restsOnGpu = Object.keys(values).some((name) => name.startsWith('gpu_'));
  const simulated = (gpuIsSimulated && restsOnGpu) || isSimulated(...Object.keys(values), summary);
  return html`<tr><th scope="row" class="t">${links ? html`<a href="${incidentHref(id)}">${alert}</a>` : alert}${simulatedMark(simulated)}</th><td class="t">${severity}</td><td class="t">${moment(pending_ms)}</td><td class="t">${moment(firing_ms)}</td>
<td class="t">${isOpen ? html`<span class="bad">firing</span>` : moment(resolved_ms)}</td><td>${isOpen ? '–' : duration(resolved_ms - firing_ms)}</td><td class="t w">${summary}</td></tr>
`;
}
