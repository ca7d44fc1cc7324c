import { LEVELS, worstLevel } from '../../stats/levels.ts';
import { isSimulated } from '../read/simulated.ts';
import { alertsSection, changesSection } from './alerts-section.ts';
import { backdropOf } from './backdrop.ts';
import type { TimeAxis } from './chart-frame.ts';
import { comparisonSection } from './comparison-section.ts';
import { driftStrip } from './drift-strip.ts';
import { duration, moment, number, percent } from './format.ts';
import { html, type Html } from './html.ts';
import { layout } from './layout.ts';
import { levelText, reproduce, simulatedMark } from './parts.ts';
import { performanceChart, performanceTable } from './performance-section.ts';
import type { ReportData } from './report-data.ts';
import { serviceCharts } from './service-section.ts';
import { businessCharts, gpuChart } from './side-section.ts';

/** Returns a report as one self-contained page: everything about a model in a range, on one time axis. */
export function reportPage(data: ReportData, nowMs: number): string {
  const { known, configured, range, numbers } = data;
  const axis: TimeAxis = { fromMs: range.fromMs, toMs: range.toMs, ...backdropOf(numbers, range.toMs) };
  const owner = configured?.owner === undefined ? undefined : html`, owned by ${configured.owner}`;
  const body = html`<h1>Report on ${known.model}${simulatedMark(isSimulated(known.model))}</h1>
<p class="soft">${moment(range.fromMs)} to ${moment(range.toMs)} (${duration(range.toMs - range.fromMs)}), ${known.versions.length === 1 ? 'version' : 'versions'} ${known.versions.join(', ')}${owner}. All charts have the same time axis; shading is a firing alert, a flag is a change.</p>
${findings(data)}
<nav aria-label="Sections" class="soft"><a href="#drift">Drift</a> · <a href="#performance">Performance</a> · <a href="#latency">Latency and traffic</a> · <a href="#gpu">GPU</a> · <a href="#business">Business</a> · <a href="#comparison">Distributions</a> · <a href="#alerts">Alerts</a> · <a href="#changes">Changes</a></nav>
${driftPart(data, axis)}
${performancePart(data, axis)}
<h2 id="latency">Latency and traffic</h2>
${servicePart(data, axis)}
${reproduce(numbers.sql.service)}
${sidePart(data, axis)}
${comparisonSection(data.comparison)}
${alertsSection(numbers, { links: false })}
${changesSection(numbers)}`;
  return layout({ title: `Report on ${known.model}`, body, nowMs, standalone: true });
}

/** The answer in a few sentences, before any chart. */
function findings({ numbers, driftBuckets, comparison, range }: ReportData): Html {
  const { service, rows, alerts, changes } = numbers;
  const { performance } = rows;
  const requests = service.reduce((sum, row) => sum + row.requests, 0);
  const errors = service.reduce((sum, row) => sum + row.errors, 0);
  const worst = worstLevel(driftBuckets.map(({ level }) => level));
  const drifted = new Set(driftBuckets.filter(({ level }) => isDrift(level)).map(({ feature }) => feature));
  const whole = typeof comparison === 'string' ? undefined : comparison.windows[0];
  const labeled = performance.reduce((sum, row) => sum + row.labeled, 0);
  const predictions = performance.reduce((sum, row) => sum + row.predictions, 0);
  return html`<ul class="findings">
<li>${number(requests)} predictions, ${requests === 0 ? 'none' : percent(errors / requests, 2)} failed; ${labeled === 0 ? 'no labels have come' : `labels have come for ${percent(labeled / predictions, 0)} of those answered`}.</li>
<li>${driftBuckets.length === 0 ? 'No drift window closed in this range.' : `Windows as they closed: ${drifted.size} features drifted at some time, the worst level was ${levelText(worst)}.`}${whole === undefined ? undefined : html` The range as a whole against the reference: ${levelText(whole.level)}${whole.drifted.length === 0 ? '' : `, drifted: ${whole.drifted.slice(0, MAX_NAMED).join(', ')}${whole.drifted.length > MAX_NAMED ? ' and more' : ''}`}.`}</li>
<li>${alerts.length === 0 ? 'No alert fired' : `${alerts.length} ${alerts.length === 1 ? 'alert' : 'alerts'} fired`}, ${alerts.filter(({ resolved_ms }) => resolved_ms === 0).length} still open; ${changes.length} ${changes.length === 1 ? 'change was' : 'changes were'} noted in ${duration(range.toMs - range.fromMs)}.</li>
</ul>`;
}

const MAX_NAMED = 8;

function isDrift(level: (typeof LEVELS)[number]): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf('minor');
}

function driftPart({ driftBuckets, driftSql }: ReportData, axis: TimeAxis): Html {
  return html`<h2 id="drift">Drift</h2>
${driftBuckets.length === 0 ? html`<p>No window of this range has been compared with a reference by the service.</p>` : driftStrip(driftBuckets, axis)}
${reproduce(driftSql)}`;
}

function performancePart({ numbers, configured, window }: ReportData, axis: TimeAxis): Html {
  const { rows, sql } = numbers;
  const { performance } = rows;
  const isLabeled = performance.some((row) => row.labeled > 0);
  return html`<h2 id="performance">Performance by ${window}</h2>
${
  isLabeled
    ? html`${performanceChart(performance, { configured, every: window, axis })}
<details><summary>Performance by ${window}: every number</summary>${performanceTable(performance, window)}</details>`
    : html`<p>No labels have come for the predictions of this range: quality is not known.</p>`
}
${reproduce(sql.performance)}`;
}

function servicePart({ numbers, range, configured }: ReportData, axis: TimeAxis): Html {
  if (numbers.service.length === 0) return html`<p>no data in this range.</p>`;
  return serviceCharts({ numbers, axis, bucketSeconds: range.bucketSeconds, configured });
}

function sidePart({ numbers }: ReportData, axis: TimeAxis): Html {
  const { side, sql } = numbers;
  return html`<h2 id="gpu">GPU</h2>
${side === undefined ? html`<p>GPU: no data.</p>` : gpuChart(side, axis)}
<h2 id="business">Business</h2>
${side === undefined ? html`<p>Business: no data.</p>` : businessCharts(side, axis)}
${reproduce(sql.side)}`;
}
