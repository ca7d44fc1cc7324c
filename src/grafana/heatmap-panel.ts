import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { HeatmapCellLayout, TooltipDisplayMode } from '@grafana/grafana-foundation-sdk/common';
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  HeatmapColorScale,
  HeatmapTooltipBuilder,
  PanelBuilder,
  RowsHeatmapOptionsBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import type { PlacedPanel } from './layout.ts';
import { describePanel, type PanelText } from './panel-text.ts';

/** Returns a heatmap: one column a time bucket, one row a numeric column of the answer from the bottom up, dark where it is 0. */
export function heatmapPanel(options: {
  readonly text: PanelText;
  /** Unit of a cell. */
  readonly unit: string;
  readonly target: Builder<Dataquery>;
  /** Most columns; more of them could not be told apart. */
  readonly maxColumns: number;
}): PlacedPanel {
  const { text, unit, target, maxColumns } = options;
  return (place) =>
    describePanel(new PanelBuilder(), { text, place, targets: [target] })
      .maxDataPoints(maxColumns)
      .unit(unit)
      .decimals(0)
      .calculate(false)
      .rowsFrame(new RowsHeatmapOptionsBuilder().layout(HeatmapCellLayout.Auto))
      .color(
        new HeatmapColorOptionsBuilder()
          .mode(HeatmapColorMode.Scheme)
          .scheme('Oranges')
          .scale(HeatmapColorScale.Exponential)
          .exponent(0.5)
          .steps(64)
          .reverse(false)
          .fill('dark-orange'),
      )
      .yAxis(new YAxisConfigBuilder().axisWidth(72))
      .cellGap(1)
      .tooltip(new HeatmapTooltipBuilder().mode(TooltipDisplayMode.Single).yHistogram(true).showColorScale(false))
      .build();
}
