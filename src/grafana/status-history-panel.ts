import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statushistory';
import type { PlacedPanel } from './layout.ts';
import { describePanel, type PanelLink, type PanelText } from './panel-text.ts';
import { type Step, thresholds } from './thresholds.ts';

/** Returns a grid of coloured cells, one row a series and one column a time bucket, coloured by bands of the value. */
export function statusHistoryPanel(options: {
  readonly text: PanelText;
  readonly unit: string;
  readonly target: Builder<Dataquery>;
  readonly nameLabel: string;
  readonly steps: readonly Step[];
  /** Most columns; more of them could not be told apart. */
  readonly maxColumns: number;
  readonly decimals?: number;
  readonly links?: readonly PanelLink[];
}): PlacedPanel {
  return (place) =>
    describePanel(new PanelBuilder(), {
      text: options.text,
      place,
      targets: [options.target],
      links: options.links ?? [],
    })
      .maxDataPoints(options.maxColumns)
      .unit(options.unit)
      .decimals(options.decimals ?? 2)
      .displayName(`\${__field.labels.${options.nameLabel}}`)
      .thresholds(thresholds(options.steps))
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
      .showValue(VisibilityMode.Never)
      .legend(new VizLegendOptionsBuilder().showLegend(true))
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single))
      .build();
}
