import { alertsSection, changesSection } from './alerts-section.ts';
import { driftSection } from './drift-section.ts';
import { againstObjective, qualityText } from './fleet-page.ts';
import { isSimulated } from '../read/simulated.ts';
import { day, moment, NO_DATA, number, percent, rate } from './format.ts';
import { html, type Html } from './html.ts';
import { layout } from './layout.ts';
import type { ModelPageData } from './model-data.ts';
import { levelText, modelHref, reproduce, simulatedMark } from './parts.ts';
import { performanceSection } from './performance-section.ts';
import { serviceSection } from './service-section.ts';
import { sideSection } from './side-section.ts';

/** Returns the page of one model. */
export function modelPage(data: ModelPageData, nowMs: number): string {
  const { summary, range, numbers } = data;
  const { known, configured } = summary;
  const owner = configured?.owner === undefined ? undefined : html`, owned by ${configured.owner}`;
  const body = html`<h1>${known.model}${simulatedMark(isSimulated(known.model))}</h1>
<p class="soft">${number(known.predictions)} predictions from ${moment(known.firstMs)} to ${moment(known.lastMs)}, ${known.versions.length === 1 ? 'version' : 'versions'} ${known.versions.join(', ')}${owner}.</p>
${tiles(data)}
<nav aria-label="Sections" class="soft"><a href="#alerts">Alerts</a> · <a href="#drift">Drift</a> · <a href="#performance">Performance</a> · <a href="#latency">Latency and traffic</a> · <a href="#gpu">GPU and business</a> · <a href="#changes">Changes</a></nav>
${rangeForm(data)}
${alertsSection(numbers)}
${driftSection(numbers)}
${performanceSection(numbers, configured)}
${serviceSection(numbers, range, configured)}
${sideSection(numbers)}
${changesSection(numbers)}
<p class="soft">As JSON: ${jsonLinks(known.model)}.</p>`;
  return layout({ title: known.model, body, nowMs, reload: numbers.rows === undefined });
}

function tiles(data: ModelPageData): Html {
  const { summary, sql } = data;
  const { lastHour, configured, drift, firing, pending } = summary;
  const end = lastHour === undefined ? '' : moment(lastHour.lastMinuteMs + 60_000);
  const until = lastHour === undefined ? '' : `hour to ${end}`;
  const sinceHourBefore = lastHour === undefined ? '' : `its clock hour and the one before, to ${end}`;
  const quality = qualityTile(data);
  return html`<ul class="tiles">
<li><span>Alerts firing</span><b class="${firing > 0 ? 'bad' : ''}">${firing}</b><span>${pending} pending, now</span></li>
<li><span>Drift</span><b>${drift === undefined ? NO_DATA : levelText(drift.level)}</b><span>${drift === undefined ? 'no reference yet' : `${drift.drifted} of ${drift.features} drifted, window ${moment(drift.fromMs)} to ${moment(drift.toMs)}`}</span></li>
<li><span>Latency p99</span><b>${againstObjective(lastHour?.p99Seconds, configured?.slo?.latency_p99_seconds)}</b><span>${sinceHourBefore}</span></li>
<li><span>Traffic</span><b>${rate(lastHour?.requestsPerSecond)}</b><span>${until}</span></li>
<li><span>Errors</span><b>${percent(lastHour?.errorRatio, 2)}</b><span>${until}</span></li>
<li><span>Quality</span><b>${quality.value}</b><span>${quality.note}</span></li>
</ul>
${reproduce(sql)}`;
}

/** The newest measurement of the service, else the newest week that has labels. */
function qualityTile({ summary, numbers }: ModelPageData): { readonly value: string; readonly note: string } {
  const measured = summary.quality.get('accuracy') ?? summary.quality.get('mae');
  if (measured !== undefined) {
    const coverage = summary.quality.get('label_coverage_ratio');
    return {
      value: qualityText(summary),
      note: `${percent(coverage?.value, 0)} labelled, measured ${moment(measured.atMs)}`,
    };
  }
  if (numbers.rows === undefined) return { value: NO_DATA, note: 'is being added up' };
  const week = numbers.rows.performance.findLast((row) => row.labeled > 0);
  if (week === undefined) return { value: NO_DATA, note: 'no labels in this range' };
  const value = week.mae === null ? percent(week.accuracy) : `MAE ${number(week.mae)}`;
  return { value, note: `${percent(week.labelCoverage, 0)} labelled, week ${week.window}` };
}

function rangeForm({ summary, range, readAtMs }: ModelPageData): Html {
  const lastDay = day(range.toMs - 1);
  return html`<form class="range" method="get" action="${modelHref(summary.known.model)}">
<label>From (UTC)<input type="date" name="from" value="${day(range.fromMs)}"></label>
<label>to the start of<input type="date" name="to" value="${day(Date.parse(lastDay) + 86_400_000)}"></label>
<button type="submit">Show</button>
<span>Shown: ${moment(range.fromMs)} to ${moment(range.toMs)}, read at ${moment(readAtMs)}. <a href="${modelHref(summary.known.model)}?from=${day(summary.known.firstMs)}">Everything</a>. <a href="/v1${modelHref(summary.known.model)}/report?from=${range.fromMs}&amp;to=${range.toMs}">One page to keep</a></span>
</form>`;
}

function jsonLinks(model: string): readonly Html[] {
  const base = `/v1${modelHref(model)}`;
  return ['', '/drift?window=week', '/performance?window=week', '/signals?name=latency_p99_seconds'].map(
    (rest, index) => html`${index === 0 ? '' : ', '}<a href="${base}${rest}">${base}${rest}</a>`,
  );
}
