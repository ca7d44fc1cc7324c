import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/table';
import type { DATA_SOURCES } from './datasources.ts';
import type { PlacedPanel } from './layout.ts';
import { describePanel, type PanelLink, type PanelText } from './panel-text.ts';
import type { Step } from './thresholds.ts';

/** How one column of a query's answer is shown. */
export interface TableColumn {
  /** Name of the column in the answer. */
  readonly name: string;
  readonly title: string;
  readonly unit?: string;
  readonly decimals?: number;
  /** In pixels; columns without one share what is left. */
  readonly width?: number;
  /** Least width in pixels of a column that shares what is left; 150 by default. */
  readonly minWidth?: number;
  /** Breaks long text into lines instead of cutting it off. */
  readonly wrap?: boolean;
  /** Colours the cell by its value. */
  readonly steps?: readonly Step[];
  /** Colours the cell by its text. */
  readonly colors?: Readonly<Record<string, string>>;
  readonly links?: readonly PanelLink[];
  readonly hidden?: boolean;
}

/** Returns a table. Cells without a value show a dash and no colour. */
export function tablePanel(options: {
  readonly text: PanelText;
  readonly target: Builder<Dataquery>;
  readonly columns: readonly TableColumn[];
  readonly sortBy?: { readonly column: string; readonly descending: boolean };
  readonly source?: keyof typeof DATA_SOURCES;
}): PlacedPanel {
  const { text, target, columns, sortBy, source = 'clickhouse' } = options;
  return (place) => {
    const builder = describePanel(new PanelBuilder(), { text, place, targets: [target], source })
      .unit('short')
      .filterable(true);
    for (const column of columns) builder.overrideByName(column.name, propertiesOf(column));
    if (sortBy !== undefined) {
      builder.sortBy([new TableSortByFieldStateBuilder().displayName(sortBy.column).desc(sortBy.descending)]);
    }
    return builder.build();
  };
}

interface Property {
  readonly id: string;
  readonly value?: unknown;
}

function propertiesOf(column: TableColumn): Property[] {
  const { unit, decimals, width, minWidth, wrap, steps, colors, links, hidden } = column;
  const isColored = steps !== undefined || colors !== undefined;
  return [
    { id: 'displayName', value: column.title },
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    ...(minWidth === undefined ? [] : [{ id: 'custom.minWidth', value: minWidth }]),
    ...(wrap === true ? [{ id: 'custom.wrapText', value: true }] : []),
    ...(steps === undefined ? [] : [{ id: 'thresholds', value: { mode: 'absolute', steps } }]),
    { id: 'mappings', value: [NOT_A_NUMBER, NOT_A_TEXT, ...(colors === undefined ? [] : [textColors(colors)])] },
    ...(isColored ? [{ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } }] : []),
    ...(links === undefined ? [] : [{ id: 'links', value: links }]),
    ...(hidden === true ? [{ id: 'custom.hidden', value: true }] : []),
  ];
}

const DASH = { text: '–', color: 'transparent' };
const NOT_A_NUMBER = { type: 'special', options: { match: 'null+nan', result: DASH } };
const NOT_A_TEXT = { type: 'special', options: { match: 'empty', result: DASH } };

function textColors(colors: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const options = Object.entries(colors).map(([text, color], index) => [text, { color, index }]);
  return { type: 'value', options: Object.fromEntries(options) };
}
