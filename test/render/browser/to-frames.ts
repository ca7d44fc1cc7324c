import { type DataFrame, type Field, FieldType, type Labels, toDataFrame } from '@grafana/data';
import type { Answer, Series } from './bridge.ts';

const TIME = /^DateTime/;
const NUMBER = /^(?:Nullable\()?(?:Float|U?Int|Decimal)\d/;

/** Returns an answer of ClickHouse as the plugin's backend would: one wide frame of series, or a table as it is. */
export function framesOfAnswer(answer: Answer, refId: string, format: number): readonly DataFrame[] {
  if (answer.rows.length === 0) return [];
  const isSeries = format === 0 && TIME.test(answer.columns[0]?.type ?? '');
  return [toDataFrame({ refId, fields: isSeries ? wideFields(answer) : tableFields(answer) })];
}

/** Returns series of Prometheus as its plugin would: a frame each, or one table of labels and value. */
export function framesOfSeries(
  series: readonly Series[],
  options: { readonly refId: string; readonly legend: string; readonly table: boolean },
): readonly DataFrame[] {
  if (series.length === 0) return [];
  if (options.table) return [tableOfSeries(series, options.refId)];
  return series.map(({ labels, points }) =>
    toDataFrame({
      refId: options.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: points.map(([time]) => time) },
        {
          name: 'Value',
          type: FieldType.number,
          labels,
          values: points.map(([, value]) => (Number.isFinite(value) ? value : null)),
          config: { displayNameFromDS: legendOf(options.legend, labels) },
        },
      ],
    }),
  );
}

type PlainField = Pick<Field, 'name' | 'type' | 'values'> & { readonly labels?: Labels };

function tableFields(answer: Answer): readonly PlainField[] {
  return answer.columns.map(({ name, type }) => ({
    name,
    type: TIME.test(type) ? FieldType.time : NUMBER.test(type) ? FieldType.number : FieldType.string,
    values: answer.rows.map((row) => (TIME.test(type) ? timeOf(row[name]) : (row[name] ?? null))),
  }));
}

/** Every text becomes a label, every number a field for each set of labels. */
function wideFields(answer: Answer): readonly PlainField[] {
  const [timeColumn, ...others] = answer.columns;
  const timeName = timeColumn?.name ?? '';
  const numbers = others.filter(({ type }) => NUMBER.test(type));
  const texts = others.filter(({ type }) => !NUMBER.test(type));
  const times = [...new Set(answer.rows.map((row) => timeOf(row[timeName])))].toSorted((a, b) => a - b);
  const places = new Map(times.map((time, index) => [time, index]));
  const fields = new Map<string, PlainField>();
  for (const row of answer.rows) {
    const labels = Object.fromEntries(texts.map(({ name }) => [name, String(row[name])]));
    for (const { name } of numbers) {
      const key = JSON.stringify([labels, name]);
      const field = fields.get(key) ?? {
        name,
        type: FieldType.number,
        values: times.map(() => null),
        ...(texts.length > 0 ? { labels } : {}),
      };
      field.values[places.get(timeOf(row[timeName])) ?? 0] = row[name] ?? null;
      fields.set(key, field);
    }
  }
  return [{ name: timeName, type: FieldType.time, values: times }, ...fields.values()];
}

function tableOfSeries(series: readonly Series[], refId: string): DataFrame {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].toSorted();
  return toDataFrame({
    refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: series.map(({ points }) => points.at(-1)?.[0] ?? null) },
      ...names.map((name) => ({
        name,
        type: FieldType.string,
        values: series.map(({ labels }) => labels[name] ?? ''),
      })),
      { name: 'Value', type: FieldType.number, values: series.map(({ points }) => points.at(-1)?.[1] ?? null) },
    ],
  });
}

function timeOf(value: unknown): number {
  return Date.parse(String(value));
}

function legendOf(legend: string, labels: Labels): string {
  return legend.replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_all, name: string) => labels[name] ?? '');
}
