import { TableNG } from '@grafana/ui/unstable';
import type { ReactNode } from 'react';
import { sourceOf } from './field-overrides.ts';
import type { BodyProps } from './panel-body.tsx';
import { panelOptions } from './panel-options.ts';

/** Draws the table with Grafana's own component. */
export function TableBody({ panel, frames, range, width, height }: BodyProps): ReactNode {
  const [frame] = frames;
  if (frame === undefined) return null;
  const { showHeader, showTypeIcons, cellHeight, sortBy } = panelOptions(panel);
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      timeRange={range}
      noHeader={showHeader === false}
      showTypeIcons={showTypeIcons === true}
      {...(cellHeight === undefined ? {} : { cellHeight })}
      {...(sortBy === undefined ? {} : { sortBy })}
      fieldConfig={sourceOf(panel)}
      enableVirtualization={false}
      resizable
    />
  );
}
