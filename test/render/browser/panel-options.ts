import type { Panel, VizLegendOptions } from '@grafana/schema';
import type { BigValueColorMode, BigValueGraphMode, BigValueJustifyMode, BigValueTextMode } from '@grafana/ui';
import type { TableNG } from '@grafana/ui/unstable';
import type { ComponentProps } from 'react';

type TableProps = ComponentProps<typeof TableNG>;

/** Options of every kind of panel that is drawn; the schema test has checked them by kind. */
export interface PanelOptions {
  readonly legend?: VizLegendOptions;
  readonly stacking?: string;
  readonly orientation?: string;
  readonly graphMode?: BigValueGraphMode;
  readonly colorMode?: BigValueColorMode;
  readonly justifyMode?: BigValueJustifyMode;
  readonly textMode?: BigValueTextMode;
  readonly wideLayout?: boolean;
  readonly reduceOptions?: { calcs: string[]; fields: string; values: boolean };
  readonly showHeader?: boolean;
  readonly showTypeIcons?: boolean;
  readonly cellHeight?: NonNullable<TableProps['cellHeight']>;
  readonly sortBy?: NonNullable<TableProps['sortBy']>;
}

/** Returns the options of a panel. */
export function panelOptions(panel: Panel): PanelOptions {
  return JSON.parse(JSON.stringify(panel.options ?? {}));
}
