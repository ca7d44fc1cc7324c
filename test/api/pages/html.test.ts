import { expect, test } from 'vitest';
import { escapeHtml, html } from '../../../src/api/pages/html.ts';

test('text is escaped, markup is kept, lists are joined, undefined is nothing', () => {
  const name = `<b title="x" y='z'>&\``;
  const inner = html`<i>${name}</i>`;
  expect(html`<p class="${name}">${inner}${[1, 'a<b', html`<br>`]}${undefined}</p>`.text).toBe(
    '<p class="&lt;b title=&quot;x&quot; y=&#39;z&#39;&gt;&amp;&#96;"><i>&lt;b title=&quot;x&quot; y=&#39;z&#39;&gt;&amp;&#96;</i>1a&lt;b<br></p>',
  );
});

test('escaping leaves no character that could open a tag, an attribute or an entity', () => {
  const every = Array.from({ length: 256 }, (_, code) => String.fromCodePoint(code)).join('');
  expect(escapeHtml(every).replaceAll(/&(amp|lt|gt|quot|#39|#96);/g, '')).not.toMatch(/[&<>"'`]/);
});
