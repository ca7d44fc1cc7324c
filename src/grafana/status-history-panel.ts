import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  MappingType,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/statushistory';
import type { PlacedPanel } from './layout.ts';
import { describePanel, type PanelLink, type PanelText } from './panel-text.ts';

/** What a whole number means. */
export interface CellState {
  readonly value: number;
  readonly text: string;
  readonly color: string;
}

/** Returns a grid of coloured cells, one row a series and one column a time bucket, coloured by the state of each. */
export function statusHistoryPanel(options: {
  readonly text: PanelText;
  readonly target: Builder<Dataquery>;
  readonly nameLabel: string;
  readonly states: readonly CellState[];
  /** Most columns; more of them could not be told apart. */
  readonly maxColumns: number;
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
      .unit('none')
      .decimals(0)
      .displayName(`\${__field.labels.${options.nameLabel}}`)
      // Not by thresholds: the legend would show numbers instead of words.
      .mappings([stateMap(options.states)])
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Fixed))
      .showValue(VisibilityMode.Never)
      .legend(new VizLegendOptionsBuilder().showLegend(true))
      .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Single))
      .build();
}

function stateMap(states: readonly CellState[]): ValueMapping {
  const entries = states.map(({ value, text, color }, index) => [String(value), { text, color, index }] as const);
  return { type: MappingType.ValueToText, options: Object.fromEntries(entries) };
}
