import type { DataFrame, GrafanaTheme2, InterpolateFunction, TimeRange } from '@grafana/data';
import type { Panel } from '@grafana/schema';
import type { ReactNode } from 'react';
import { BarsBody } from './bars-body.tsx';
import { HeatmapBody } from './heatmap-body.tsx';
import { HistoryBody } from './history-body.tsx';
import { LinesBody } from './lines-body.tsx';
import { StatBody } from './stat-body.tsx';
import { TableBody } from './table-body.tsx';

/** A mark or, with an end, a span of time on the charts. */
export interface Mark {
  readonly fromMs: number;
  readonly toMs: number | undefined;
  readonly color: string;
}

export interface BodyProps {
  readonly panel: Panel;
  /** With overrides applied. */
  readonly frames: DataFrame[];
  readonly range: TimeRange;
  readonly theme: GrafanaTheme2;
  readonly replace: InterpolateFunction;
  readonly marks: readonly Mark[];
  readonly width: number;
  readonly height: number;
}

/** Draws the inside of a panel. */
export function PanelBody(props: BodyProps): ReactNode {
  if (props.frames.every(({ length }) => length === 0))
    return <Centered>{props.panel.fieldConfig?.defaults?.noValue ?? 'No data'}</Centered>;
  switch (props.panel.type) {
    case 'timeseries':
      return <LinesBody {...props} />;
    case 'stat':
      return <StatBody {...props} />;
    case 'table':
      return <TableBody {...props} />;
    case 'status-history':
      return <HistoryBody {...props} />;
    case 'heatmap':
      return <HeatmapBody {...props} />;
    case 'barchart':
      return <BarsBody {...props} />;
    default:
      return <Centered>{`Panels of type ${props.panel.type} are not drawn.`}</Centered>;
  }
}

function Centered({ children }: { readonly children: ReactNode }): ReactNode {
  return <div style={{ height: '100%', display: 'grid', placeItems: 'center' }}>{children}</div>;
}
