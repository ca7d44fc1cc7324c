import { LEVELS, type Level } from '../../stats/levels.ts';
import type { ReproducibleSql } from '../read/reproducible-sql.ts';
import { html, type Html, type HtmlValue } from './html.ts';

/** Returns the mark of what is not real. */
export function simulatedMark(isSimulated: boolean): Html | undefined {
  return isSimulated ? html` <span class="sim">simulated</span>` : undefined;
}

/** Returns a drift level as a coloured word. */
export function levelPill(level: Level): Html {
  return html`<span class="pill ${level}">${levelText(level)}</span>`;
}

/** Returns a level as people say it. */
export function levelText(level: Level): string {
  return level === 'insufficient_data' ? 'too few rows' : level;
}

/** Returns what the colours of levels mean. */
export function levelLegend(): Html {
  return html`<p class="soft">Levels: ${LEVELS.map((level) => html`${levelPill(level)} `)}</p>`;
}

/** Returns the statements that give the numbers of a section again, folded away. */
export function reproduce(statements: readonly ReproducibleSql[]): Html {
  return html`<details><summary>How to reproduce these numbers</summary>${statements.map(
    ({ title, sql }) => html`<p><b>${title}</b></p><pre><code>${sql}</code></pre>`,
  )}</details>`;
}

/** Returns a table that scrolls sideways when it is wider than the page, also by keyboard. */
export function table(options: {
  readonly caption: HtmlValue;
  readonly name: string;
  readonly head: readonly HtmlValue[];
  readonly rows: readonly HtmlValue[];
  readonly className?: string;
}): Html {
  const { caption, name, head, rows, className } = options;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${name}"><table class="${className ?? ''}"><caption><span>${caption}</span></caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows}</tbody></table></div>`;
}

/** Returns a column heading; `t` columns hold text. */
export function heading(text: string, className = ''): Html {
  return html`<th scope="col" class="${className}">${text}</th>`;
}

/** Returns a feature as people call it: the prediction itself is kept among the features under a name of ours. */
export function featureName(feature: string): Html {
  if (feature === '__prediction__') return html`<em>prediction</em>`;
  return feature === '__score__' ? html`<em>score</em>` : html`${feature}`;
}

/** Returns whether what is kept among the features is the prediction itself. */
export function isPrediction(feature: string): boolean {
  return feature === '__prediction__' || feature === '__score__';
}

/** Returns the address of a model's page. */
export function modelHref(model: string): string {
  return `/models/${encodeURIComponent(model)}`;
}

/** Returns the address of an incident's page. */
export function incidentHref(id: string): string {
  return `/incidents/${encodeURIComponent(id)}`;
}
