import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  LegendDisplayMode,
  LegendPlacement,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/barchart';
import type { PlacedPanel } from './layout.ts';
import { describePanel, type PanelText } from './panel-text.ts';

/** Returns bars over the first column of a table, a text: one bar for each of its numbers. */
export function barChartPanel(options: {
  readonly text: PanelText;
  readonly unit: string;
  readonly target: Builder<Dataquery>;
  /** Name of the column of text. */
  readonly category: string;
  readonly horizontal?: boolean;
  readonly stacked?: boolean;
  /** Colours of numbers by column name. */
  readonly colors?: Readonly<Record<string, string>>;
  readonly decimals?: number;
}): PlacedPanel {
  const { text, unit, target, category, horizontal = false, stacked = false, colors = {}, decimals } = options;
  return (place) => {
    const builder = describePanel(new PanelBuilder(), { text, place, targets: [target] })
      .unit(unit)
      .min(0)
      .xField(category)
      .orientation(horizontal ? VizOrientation.Horizontal : VizOrientation.Vertical)
      .stacking(stacked ? StackingMode.Normal : StackingMode.None)
      .showValue(VisibilityMode.Never)
      .xTickLabelMaxLength(24)
      .xTickLabelSpacing(100)
      .legend(
        new VizLegendOptionsBuilder()
          .showLegend(true)
          .displayMode(LegendDisplayMode.List)
          .placement(LegendPlacement.Bottom)
          .calcs([]),
      )
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
    if (decimals !== undefined) builder.decimals(decimals);
    for (const [name, color] of Object.entries(colors)) {
      builder.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
    }
    return builder.build();
  };
}
