import type { GridPos } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/text';
import { describe, expect, it } from 'vitest';
import { layOut, type PlacedPanel } from '../../src/grafana/layout.ts';

const panel =
  (id: number): PlacedPanel =>
  (place: GridPos) =>
    new PanelBuilder().id(id).gridPos(place).build();

describe('layOut', () => {
  it('puts lines below each other and rows above their panels, open', () => {
    const placed = layOut([
      {
        id: 100,
        title: 'First',
        lines: [
          {
            height: 4,
            panels: [
              { width: 12, panel: panel(1) },
              { width: 6, panel: panel(2) },
            ],
          },
          { height: 9, panels: [{ width: 24, panel: panel(3) }] },
        ],
      },
      { id: 101, title: 'Second', lines: [{ height: 5, panels: [{ width: 8, panel: panel(4) }] }] },
    ]);
    expect(placed.map(({ id, gridPos }) => [id, gridPos?.x, gridPos?.y, gridPos?.w, gridPos?.h])).toEqual([
      [100, 0, 0, 24, 1],
      [1, 0, 1, 12, 4],
      [2, 12, 1, 6, 4],
      [3, 0, 5, 24, 9],
      [101, 0, 14, 24, 1],
      [4, 0, 15, 8, 5],
    ]);
    expect(placed.filter((item) => 'collapsed' in item && item.collapsed)).toEqual([]);
  });

  it('refuses a line wider than the grid', () => {
    const line = { height: 4, panels: [panel(1), panel(2), panel(3)].map((made) => ({ width: 10, panel: made })) };
    expect(() => layOut([{ id: 100, title: 'Wide', lines: [line] }])).toThrow('"Wide" is wider than 24 columns');
  });
});
