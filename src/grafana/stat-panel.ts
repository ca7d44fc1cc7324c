import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder } from '@grafana/grafana-foundation-sdk/stat';
import type { PlacedPanel } from './layout.ts';
import type { DATA_SOURCES } from './datasources.ts';
import { describePanel, type PanelLink, type PanelText } from './panel-text.ts';
import { type Step, thresholds } from './thresholds.ts';

/** Returns a single number, the newest of its series, over a small curve of the rest. */
export function statPanel(options: {
  readonly text: PanelText;
  readonly unit: string;
  readonly target: Builder<Dataquery>;
  readonly steps: readonly Step[];
  readonly decimals?: number;
  readonly source?: keyof typeof DATA_SOURCES;
  readonly links?: readonly PanelLink[];
}): PlacedPanel {
  const { text, target, source = 'clickhouse', links = [] } = options;
  return (place) => {
    const builder = describePanel(new PanelBuilder(), { text, place, targets: [target], source, links })
      .unit(options.unit)
      .noValue(text.empty ?? 'no data')
      .thresholds(thresholds(options.steps))
      .colorMode(BigValueColorMode.Value)
      .graphMode(BigValueGraphMode.Area)
      .textMode(BigValueTextMode.Value)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
    if (options.decimals !== undefined) builder.decimals(options.decimals);
    return builder.build();
  };
}
