import { moment } from './format.ts';
import { Html, html, type HtmlValue } from './html.ts';
import { STYLES } from './styles.ts';

/** Returns a whole page around `body`. Nothing in it is loaded from elsewhere. */
export function layout(options: { readonly title: string; readonly body: HtmlValue; readonly nowMs: number }): string {
  const page = html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${options.title} · Plumbline</title>
<style>${new Html(STYLES)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="top"><strong><a href="/">Plumbline</a></strong><nav aria-label="Pages"><a href="/">Models</a></nav></header>
<main id="content">
${options.body}
</main>
<footer>All times are UTC. Made at ${moment(options.nowMs)}. The same numbers as JSON: <a href="/v1/models">/v1/models</a>, <a href="/v1/alerts">/v1/alerts</a>, <a href="/v1/incidents">/v1/incidents</a>, described in <a href="/openapi.json">/openapi.json</a>.</footer>
</body>
</html>
`;
  return `<!doctype html>\n${page.text}`;
}

/** What a browser may do with a page: show it and its own style, load nothing, send nothing elsewhere. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'";
