import { LEVELS } from '../../stats/levels.ts';
import type { Episode } from '../../store/queries/evidence.ts';
import type { FleetNews, FleetRow, NewestDrift } from './fleet-data.ts';
import { fleetSql } from './fleet-data.ts';
import { isSimulated } from '../read/simulated.ts';
import { duration, moment, NO_DATA, number, percent, rate, seconds } from './format.ts';
import { html, type Html, type HtmlValue } from './html.ts';
import { layout } from './layout.ts';
import { sparkline } from './sparkline.ts';
import { heading, incidentHref, levelLegend, levelPill, modelHref, reproduce, simulatedMark, table } from './parts.ts';

/** Returns the overview of all models as a page; models with alerts come first, then by drift. */
export function fleetPage(rows: readonly FleetRow[], news: FleetNews, nowMs: number): string {
  const sorted = rows.toSorted(worstFirst);
  const firing = rows.reduce((sum, row) => sum + row.firing, 0);
  const lead =
    firing === 0
      ? 'No alert is firing.'
      : html`<span class="bad">${firing} ${firing === 1 ? 'alert is' : 'alerts are'} firing.</span>`;
  const body = html`<h1>Models</h1>
<p>${rows.length === 1 ? 'One model has' : `${rows.length} models have`} sent predictions. ${lead}</p>
${rows.length === 0 ? html`<p>No predictions have been received. Send some to <code>POST /v1/predictions</code>, or run <code>npx plumbline demo</code>.</p>` : fleetTable(sorted, news, nowMs)}
${levelLegend()}
${alertsPart(news)}
${reproduce([...fleetSql(rows.map(({ known }) => known)), ...news.sql])}`;
  return layout({ title: 'Models', body, nowMs });
}

/** Returns a p99 with its objective, marked when it is over. */
export function againstObjective(value: number | null | undefined, objective: number | undefined): Html {
  const shown = seconds(value);
  if (objective === undefined) return html`${shown}`;
  const isOver = value !== null && value !== undefined && value > objective;
  return html`<span class="${isOver ? 'bad' : ''}">${shown}</span> of ${seconds(objective)}${isOver ? html` <span class="bad">over</span>` : undefined}`;
}

/** Returns the newest measured quality of a model in words: accuracy, else mean absolute error. */
export function qualityText(row: FleetRow): string {
  const accuracy = row.quality.get('accuracy');
  if (accuracy !== undefined) return percent(accuracy.value);
  const mae = row.quality.get('mae');
  return mae === undefined ? NO_DATA : `MAE ${number(mae.value)}`;
}

function fleetTable(rows: readonly FleetRow[], { traffic }: FleetNews, nowMs: number): Html {
  return table({
    name: 'Models',
    caption:
      'Traffic and errors: the last 60 minutes up to each model’s own last prediction. p99 latency (within 1 %): the clock hour of that prediction and the one before. Drift: its newest closed window. Quality: newest measurement on labelled predictions, with the share of predictions labelled.',
    head: [
      heading('Model', 't'),
      heading('Alerts firing', 't'),
      heading('Drift', 't'),
      heading('Traffic'),
      heading('24 h', 't'),
      heading('p99 of objective'),
      heading('Errors'),
      heading('Quality'),
      heading('Labelled'),
      heading('Last seen', 't'),
    ],
    rows: rows.map((row) => fleetRow(row, traffic.get(row.known.model), nowMs)),
  });
}

function fleetRow(row: FleetRow, hours: readonly number[] | undefined, nowMs: number): Html {
  const { known, configured, lastHour, drift } = row;
  const errorObjective = configured?.slo?.error_ratio;
  const errorRatio = lastHour?.errorRatio ?? null;
  const hasTooManyErrors = errorRatio !== null && errorObjective !== undefined && errorRatio > errorObjective;
  const ageMs = nowMs - known.lastMs;
  return html`<tr><th scope="row" class="t"><a href="${modelHref(known.model)}">${known.model}</a>${simulatedMark(isSimulated(known.model))}</th>
<td class="t">${alertText(row)}</td><td class="t">${driftText(drift)}</td><td>${rate(lastHour?.requestsPerSecond)}</td><td class="t">${trafficLine(hours)}</td>
<td>${againstObjective(lastHour?.p99Seconds, configured?.slo?.latency_p99_seconds)}</td><td class="${hasTooManyErrors ? 'bad' : ''}">${percent(errorRatio, 2)}</td>
<td>${qualityText(row)}</td><td>${percent(row.quality.get('label_coverage_ratio')?.value, 0)}</td>
<td class="t">${moment(known.lastMs)}${ageMs >= 60_000 ? html` <span class="soft">${duration(ageMs)} ago</span>` : undefined}</td></tr>
`;
}

/** Every alert that a reader may want to look into, with the way to its evidence. */
function alertsPart({ alerts }: FleetNews): Html {
  return html`<h2 id="alerts">Alerts of the last week</h2>
${
  alerts.length === 0
    ? html`<p>No alert has fired in the last seven days.</p>`
    : table({
        name: 'Alerts of the last week',
        caption: 'Alerts that are open or were in the last seven days, newest first; at most twenty.',
        head: ['Alert', 'Model', 'Severity', 'Fired', 'State', 'What it said'].map((text) => heading(text, 't')),
        rows: alerts.map(alertRow),
      })
}`;
}

function alertRow({ id, alert, model, severity, firing_ms, resolved_ms, summary }: Episode): Html {
  const state =
    resolved_ms === 0
      ? html`<span class="bad">firing</span>`
      : html`resolved after ${duration(resolved_ms - firing_ms)}`;
  return html`<tr><th scope="row" class="t"><a href="${incidentHref(id)}">${alert}</a></th><td class="t">${model === '' ? '–' : html`<a href="${modelHref(model)}">${model}</a>`}</td><td class="t">${severity}</td><td class="t">${moment(firing_ms)}</td><td class="t">${state}</td><td class="t w">${summary}</td></tr>
`;
}

function trafficLine(hours: readonly number[] | undefined): HtmlValue {
  if (hours === undefined) return html`<span class="soft">none</span>`;
  const low = hours.reduce((a, b) => Math.min(a, b));
  const high = hours.reduce((a, b) => Math.max(a, b));
  return sparkline(hours, `${number(low)} to ${number(high)} predictions an hour`);
}

function alertText({ firing, pending }: FleetRow): HtmlValue {
  if (firing > 0) return html`<span class="bad">${firing} firing</span>`;
  return pending > 0 ? `${pending} pending` : 'none';
}

function driftText(drift: NewestDrift | undefined): HtmlValue {
  if (drift === undefined) return 'no reference yet';
  return html`${levelPill(drift.level)}${drift.drifted > 0 ? html` <span class="soft">${drift.drifted} of ${drift.features}</span>` : undefined}`;
}

function worstFirst(a: FleetRow, b: FleetRow): number {
  const level = (row: FleetRow): number => (row.drift === undefined ? -1 : LEVELS.indexOf(row.drift.level));
  return b.firing - a.firing || level(b) - level(a) || a.known.model.localeCompare(b.known.model);
}
