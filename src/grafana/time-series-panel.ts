import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  GraphThresholdsStyleMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DATA_SOURCES } from './datasources.ts';
import type { PlacedPanel } from './layout.ts';
import { describePanel, type PanelLink, type PanelText } from './panel-text.ts';
import { type Step, thresholds } from './thresholds.ts';

export interface TimeSeriesOptions {
  readonly text: PanelText;
  readonly unit: string;
  readonly targets: readonly Builder<Dataquery>[];
  /** Label whose value names each series. */
  readonly nameLabel?: string;
  /** Columns that name themselves: without this, Grafana puts the refId before them when there are several queries. */
  readonly columns?: readonly string[];
  /** Lower end of the axis; 0 by default, null for that of the data. */
  readonly min?: number | null;
  readonly max?: number;
  /** Where the axis ends while all values are below it, so that small ones are seen and noise is not blown up. */
  readonly softMax?: number;
  readonly decimals?: number;
  readonly stacked?: boolean;
  /** Coloured bands behind the lines. */
  readonly bands?: readonly Step[];
  /** Columns drawn as a dashed line: a limit, or what the others rest on. */
  readonly dashed?: readonly { readonly name: string; readonly color: string }[];
  readonly units?: readonly { readonly pattern: string; readonly unit: string }[];
  readonly links?: readonly PanelLink[];
  readonly source?: keyof typeof DATA_SOURCES;
}

/** Returns a line chart on the common time axis; its y axis has a fixed width so that charts below each other align. */
export function timeSeriesPanel(options: TimeSeriesOptions): PlacedPanel {
  return (place) => {
    const builder = describePanel(new PanelBuilder(), { ...options, place })
      .unit(options.unit)
      .drawStyle(GraphDrawStyle.Line)
      .lineWidth(1)
      // The areas of many lines would lie on each other.
      .fillOpacity(options.stacked === true ? 30 : options.nameLabel === undefined ? 8 : 0)
      .showPoints(VisibilityMode.Auto)
      .pointSize(4)
      // A gap of more than five minutes is a gap, not a line.
      .spanNulls(300_000)
      .axisWidth(72)
      .legend(legend())
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
    if (options.min !== null) builder.min(options.min ?? 0);
    if (options.max !== undefined) builder.max(options.max);
    if (options.softMax !== undefined) builder.axisSoftMax(options.softMax);
    if (options.decimals !== undefined) builder.decimals(options.decimals);
    if (options.nameLabel !== undefined) builder.displayName(`\${__field.labels.${options.nameLabel}}`);
    if (options.stacked === true) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
    if (options.bands !== undefined) builder.thresholds(thresholds(options.bands)).thresholdsStyle(areaStyle());
    for (const name of options.columns ?? []) builder.overrideByName(name, [ownName(name)]);
    for (const { name, color } of options.dashed ?? []) builder.overrideByName(name, dashedLine(name, color));
    for (const { pattern, unit } of options.units ?? [])
      builder.overrideByRegexp(pattern, [{ id: 'unit', value: unit }]);
    return builder.build();
  };
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .calcs([]);
}

function areaStyle(): GraphThresholdsStyleConfigBuilder {
  return new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.DashedAndArea);
}

function ownName(name: string): { id: string; value: unknown } {
  return { id: 'displayName', value: name };
}

function dashedLine(name: string, color: string): { id: string; value: unknown }[] {
  return [
    ownName(name),
    { id: 'color', value: { mode: 'fixed', fixedColor: color } },
    { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
    { id: 'custom.lineWidth', value: 2 },
    { id: 'custom.fillOpacity', value: 0 },
    { id: 'custom.showPoints', value: 'never' },
    { id: 'links', value: [] },
  ];
}
