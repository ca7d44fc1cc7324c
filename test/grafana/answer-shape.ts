/** What a query answered: its columns with their types, and its rows. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const TIME = /^DateTime/;
const NUMBER = /^(?:Nullable\()?(?:Float|U?Int|Decimal)\d/;
const TEXT = /^(?:LowCardinality\()?String/;

/** Returns why Grafana could not show an answer for a purpose. */
export function shapeProblems(answer: Answer, purpose: string): readonly string[] {
  const strange = answer.columns.filter(({ type }) => ![TIME, NUMBER, TEXT].some((known) => known.test(type)));
  const problems = strange.map(({ name, type }) => `Column ${name} is ${type}.`);
  if (purpose === 'table') return problems;
  const [first] = answer.columns;
  if (purpose === 'barchart') {
    const bars = answer.rows.map((row) => row[first?.name ?? '']);
    const isFit = TEXT.test(first?.type ?? '') && answer.columns.slice(1).every(({ type }) => NUMBER.test(type));
    return [
      ...problems,
      ...(isFit && answer.columns.length > 1 ? [] : ['Bars want one column of text and then numbers.']),
      ...(new Set(bars).size === bars.length ? [] : ['A bar is there twice.']),
    ];
  }
  if (purpose === 'variable') {
    const isOneText = answer.columns.length === 1 && TEXT.test(first?.type ?? '');
    return [...problems, ...(isOneText ? [] : ['A variable wants one column of text.'])];
  }
  const times = answer.rows.map((row) => String(row[first?.name ?? '']));
  return [
    ...problems,
    ...(first?.name === 'time' && TIME.test(first.type) ? [] : ['The first column is not the time.']),
    ...(times.join() === times.toSorted().join() ? [] : ['The rows are not in the order of time.']),
    ...(purpose === 'annotation' ? annotationProblems(answer) : seriesProblems(answer)),
  ];
}

function seriesProblems(answer: Answer): readonly string[] {
  const labels = answer.columns.filter(({ type }) => TEXT.test(type)).map(({ name }) => name);
  const keys = answer.rows.map((row) => JSON.stringify(['time', ...labels].map((name) => row[name])));
  const numbers = answer.columns.filter(({ type }) => NUMBER.test(type));
  return [
    ...(numbers.length > 0 ? [] : ['There is no number to draw.']),
    ...(new Set(keys).size === keys.length ? [] : ['A series has two values at one time.']),
    ...numbers
      .filter(({ name }) => answer.rows.some((row) => typeof row[name] !== 'number'))
      .map(({ name }) => `Column ${name} has a value that is not a number.`),
  ];
}

function annotationProblems(answer: Answer): readonly string[] {
  const types = new Map(answer.columns.map(({ name, type }) => [name, type]));
  const texts = ['title', 'text', 'tags'].filter((name) => !TEXT.test(types.get(name) ?? ''));
  return texts.map((name) => `Column ${name} is not text.`);
}
