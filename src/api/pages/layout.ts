import { moment } from './format.ts';
import { Html, html, type HtmlValue } from './html.ts';
import { STYLES } from './styles.ts';

/** Returns a whole page around `body`. Nothing in it is loaded from elsewhere; one that stands alone links nowhere. */
export function layout(options: {
  readonly title: string;
  readonly body: HtmlValue;
  readonly nowMs: number;
  readonly standalone?: boolean;
  /** Whether something is still missing, for which the page is loaded again. */
  readonly reload?: boolean;
}): string {
  const isAlone = options.standalone === true;
  const page = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${
  options.reload === true
    ? html`<meta http-equiv="refresh" content="2">
`
    : undefined
}${isAlone ? html`<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">` : undefined}<title>${options.title} · Plumbline</title>
<style>${new Html(STYLES)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
${isAlone ? html`<header class="top"><strong>Plumbline</strong></header>` : html`<header class="top"><strong><a href="/">Plumbline</a></strong><nav aria-label="Pages"><a href="/">Models</a></nav></header>`}
<main id="content" tabindex="-1">
${options.body}
</main>
<footer>All times are UTC. Made at ${moment(options.nowMs)}.${isAlone ? undefined : SOURCES}</footer>
</body>
</html>
`;
  return `<!doctype html>\n${page.text}`;
}

const SOURCES = html` The same numbers as JSON: <a href="/v1/models">/v1/models</a>, <a href="/v1/alerts">/v1/alerts</a>, <a href="/v1/incidents">/v1/incidents</a>, described in <a href="/openapi.json">/openapi.json</a>.`;

/** What a browser may do with a page: show it and its own style, load nothing, send nothing elsewhere. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";
