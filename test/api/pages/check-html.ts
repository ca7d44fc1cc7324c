const VOID = new Set(['meta', 'link', 'br', 'img', 'input', 'hr']);
/** Elements that may close themselves because they are SVG. */
const SELF_CLOSING = new Set(['line', 'path', 'circle', 'rect']);

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string;
}

/**
 * Returns the elements of a page in order, each with the text directly and indirectly inside it.
 *
 * @throws Error when a tag is not closed, closes another, has an unquoted or doubled attribute, or a bare `<` or `&` is left
 */
export function parsePage(page: string): readonly Element[] {
  const elements: { name: string; attributes: Map<string, string>; text: string }[] = [];
  const open: number[] = [];
  const body = page.replace(/^<!doctype html>\n/, '').replace(/<style>[^<]*<\/style>/, '');
  for (const [token, tag] of body.matchAll(/<([^<>]*)>|[^<>]+|[<>]/g)) {
    if (tag === undefined) addText(token, open, elements);
    else if (tag.startsWith('/')) close(tag.slice(1), open, elements);
    else {
      const element = parseTag(tag);
      elements.push(element);
      const selfCloses = tag.endsWith('/') && SELF_CLOSING.has(element.name);
      if (!VOID.has(element.name) && !selfCloses) open.push(elements.length - 1);
    }
  }
  if (open.length > 0) throw new Error(`not closed: ${open.map((index) => elements[index]?.name).join(', ')}`);
  return elements;
}

function addText(token: string, open: readonly number[], elements: { text: string }[]): void {
  if (token === '<' || token === '>') throw new Error(`bare ${token} in text`);
  if (/&(?!(amp|lt|gt|quot|#39|#96);)/.test(token)) throw new Error(`bare & in ${token}`);
  for (const index of open) {
    const element = elements[index];
    if (element !== undefined) element.text += token;
  }
}

function close(name: string, open: number[], elements: { name: string; text: string }[]): void {
  const index = open.pop();
  const opened = index === undefined ? undefined : elements[index]?.name;
  if (opened !== name) throw new Error(`</${name}> closes <${opened ?? 'nothing'}>`);
  addText(' ', open, elements);
}

function parseTag(tag: string): { name: string; attributes: Map<string, string>; text: string } {
  const match = /^([a-z][a-z0-9]*)((?:\s+[a-zA-Z][\w-]*(?:="[^"]*")?)*)\s*\/?$/.exec(tag);
  if (match === null) throw new Error(`malformed tag <${tag}>`);
  const attributes = new Map<string, string>();
  for (const [, key, value] of (match[2] ?? '').matchAll(/([a-zA-Z][\w-]*)(?:="([^"]*)")?/g)) {
    if (key === undefined || attributes.has(key)) throw new Error(`attribute twice in <${tag}>`);
    attributes.set(key, value ?? '');
  }
  return { name: match[1] ?? '', attributes, text: '' };
}
