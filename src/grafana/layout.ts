import { type GridPos, type Panel, RowBuilder, type RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import { AppError } from '../core/errors.ts';

/** Makes the panel at its place. A function, because a builder used twice is the same object twice. */
export type PlacedPanel = (place: GridPos) => Panel;

/** Panels side by side, from the left. */
export interface PanelLine {
  /** In grid units of 30 pixels and a gap of 8. */
  readonly height: number;
  readonly panels: readonly { readonly width: number; readonly panel: PlacedPanel }[];
}

/** A titled part of a dashboard. */
export interface Section {
  readonly id: number;
  readonly title: string;
  readonly lines: readonly PanelLine[];
}

/** Columns of Grafana's grid. */
export const GRID_COLUMNS = 24;

/**
 * Returns rows and panels, each at an explicit place. Panels of an open row stand after it at the top level, because
 * Grafana would drop those inside.
 *
 * @throws E_DASHBOARD  when a line is wider than the grid
 */
export function layOut(sections: readonly Section[]): readonly (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const section of sections) {
    placed.push(rowOf(section, y));
    y += 1;
    for (const line of section.lines) {
      placed.push(...placeLine(line, y, section.title));
      y += line.height;
    }
  }
  return placed;
}

function rowOf(section: Section, y: number): RowPanel {
  return new RowBuilder(section.title).id(section.id).gridPos({ x: 0, y, w: GRID_COLUMNS, h: 1 }).build();
}

function placeLine(line: PanelLine, y: number, section: string): readonly Panel[] {
  let x = 0;
  return line.panels.map(({ width, panel }) => {
    const place = { x, y, w: width, h: line.height };
    x += width;
    if (x > GRID_COLUMNS) {
      throw new AppError('E_DASHBOARD', `A line of section "${section}" is wider than ${GRID_COLUMNS} columns.`);
    }
    return panel(place);
  });
}
