import type { Incident, SignalTrace } from '../read/incident.ts';
import { changesTable } from './alerts-section.ts';
import { backdropOf } from './backdrop.ts';
import { decimal, duration, moment, number, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { layout } from './layout.ts';
import { lineChart } from './line-chart.ts';
import { featureName, heading, levelPill, modelHref, reproduce, simulatedMark, table } from './parts.ts';
import { formatOf } from './side-section.ts';

const MINUTE_MS = 60_000;
const OBJECTIVE_PREFIX = 'slo_';

/** Returns the page of one incident: what fired, what moved, what changed before, what drifted, whom it touched. */
export function incidentPage(incident: Incident, nowMs: number): string {
  const { episode } = incident;
  const isOpen = episode.resolved_ms === 0;
  const body = html`<h1>${episode.alert}${simulatedMark(incident.simulated.length > 0)}</h1>
<p>${episode.summary === '' ? undefined : html`${episode.summary}<br>`}<span class="${isOpen ? 'bad' : ''}">${isOpen ? 'Firing' : 'Resolved'}</span>, ${episode.severity}, model <a href="${modelHref(episode.model)}">${episode.model}</a>${episode.scope === episode.model ? undefined : html` (${episode.scope})`}.
The condition held from ${moment(episode.pending_ms)}; it fired at ${moment(episode.firing_ms)}${isOpen ? '' : ` and was resolved at ${moment(episode.resolved_ms)}, after ${duration(episode.resolved_ms - episode.firing_ms)}`}.</p>
${incident.simulated.length === 0 ? undefined : html`<p>${simulatedMark(true)} ${incident.simulated.join('; ')}.</p>`}
${valuesPart(incident)}
${affectedPart(incident)}
<h2>Signals</h2>
<p class="soft">Minute by minute from ${moment(incident.shown.fromMs)} to ${moment(incident.shown.toMs)}; the shaded stretch is the alert.</p>
${signalCharts(incident)}
<h2>Changes before</h2>
${incident.changes.length === 0 ? html`<p>No change events in the two hours before.</p>` : changesTable(incident.changes, 'Changes of this model, or of no model in particular, in the two hours before the condition held; newest first.')}
<h2>Drift at the onset</h2>
${driftPart(incident)}
<h2>Transitions</h2>
${table({
  name: 'Transitions',
  caption: 'What happened to the alert, in order.',
  head: [heading('Time', 't'), heading('Transition', 't')],
  rows: episode.transitions.map(
    ([
      atMs,
      transition,
    ]) => html`<tr><th scope="row" class="t">${moment(atMs)}</th><td class="t">${transition.replaceAll('_', ' ')}</td></tr>
`,
  ),
})}
${reproduce(incident.sql)}
<p class="soft">As JSON: <a href="/v1/incidents/${encodeURIComponent(episode.id)}">/v1/incidents/${encodeURIComponent(episode.id)}</a>.</p>`;
  return layout({ title: `${episode.alert} on ${episode.model}`, body, nowMs });
}

function valuesPart({ episode, units }: Incident): Html {
  const values = Object.entries(episode.values);
  if (values.length === 0) return html`<p>Values when it fired: no data.</p>`;
  return table({
    name: 'Values',
    caption: `Signals of the rule at ${moment(episode.firing_ms)}, when it fired.`,
    head: [heading('Signal', 't'), heading('Value')],
    rows: values.map(
      ([
        name,
        value,
      ]) => html`<tr><th scope="row" class="t">${name}</th><td>${formatOf(units[name] ?? 'number')(value)}</td></tr>
`,
    ),
  });
}

function affectedPart({ affected }: Incident): Html {
  if (affected.predictions === 0) return html`<p>Predictions while it held: no data.</p>`;
  return html`<p>${number(affected.predictions)} predictions were made while it held; ${number(affected.errors)} of them failed.</p>`;
}

function signalCharts({ signals, shown, episode, changes }: Incident): Html {
  const drawn = signals.filter(({ signal }) => !signal.startsWith(OBJECTIVE_PREFIX));
  if (drawn.length === 0) return html`<p>no data: no signals of this model around that time.</p>`;
  const axis = { ...shown, gapMs: MINUTE_MS, ...backdropOf({ alerts: [episode], changes }, shown.toMs) };
  return html`${drawn.map((trace, index) => {
    const objective = signals.find(({ signal }) => signal === `${OBJECTIVE_PREFIX}${trace.signal}`)?.points.at(-1)?.[1];
    return lineChart({
      id: `signal-${index}`,
      title: trace.signal,
      simulated: trace.simulated,
      caption: captionOf(trace),
      ...axis,
      series: [{ name: trace.signal, tone: 1, points: trace.points }],
      objective:
        objective === undefined
          ? undefined
          : { name: `objective ${formatOf(trace.unit)(objective)}`, value: objective },
      format: formatOf(trace.unit),
      readings: Math.min(MAX_READINGS, Math.max(MIN_READINGS, Math.floor(READINGS_OF_ALL / drawn.length))),
    });
  })}`;
}

/** Readings are most of the page: together they may not make it large, however many charts there are. */
const READINGS_OF_ALL = 800;
const MAX_READINGS = 150;
const MIN_READINGS = 30;

function captionOf({ points }: SignalTrace): string {
  return `${points.length} minutes with a value.`;
}

function driftPart({ drift }: Incident): Html {
  const first = drift[0];
  if (first === undefined) return html`<p>No closed drift window in the day before.</p>`;
  return table({
    name: 'Drift at the onset',
    caption: `The last window that closed before the condition held: ${moment(first.from_ms)} to ${moment(first.to_ms)}. Worst feature first.`,
    head: [
      heading('Feature', 't'),
      heading('Level', 't'),
      heading('PSI corrected'),
      heading('KS'),
      heading('Missing'),
      heading('Unseen'),
      heading('Why', 't'),
    ],
    rows: drift.map(
      (
        row,
      ) => html`<tr><th scope="row" class="t">${featureName(row.feature)}</th><td class="t">${levelPill(row.level)}</td><td>${decimal(row.psi_corrected)}</td><td>${row.kind === 'numeric' ? decimal(row.ks) : '–'}</td><td>${percent(row.missing_current)}</td><td>${percent(row.unseen)}</td><td class="t w">${row.reason}</td></tr>
`,
    ),
  });
}
