import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { MappingType, type ValueMap } from '@grafana/grafana-foundation-sdk/dashboard';
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
  /** Words that stand for values. */
  readonly words?: Readonly<Record<string, string>>;
  readonly source?: keyof typeof DATA_SOURCES;
  readonly links?: readonly PanelLink[];
}): PlacedPanel {
  const { text, target, source = 'clickhouse', links = [], words } = options;
  return (place) => {
    const builder = describePanel(new PanelBuilder(), { text, place, targets: [target], source, links })
      .unit(options.unit)
      .noValue(text.empty ?? 'no data')
      .thresholds(thresholds(options.steps))
      .colorMode(BigValueColorMode.Value)
      .graphMode(BigValueGraphMode.Area)
      .textMode(BigValueTextMode.Value)
      .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false));
    if (words !== undefined) builder.mappings([wordMap(words)]);
    if (options.decimals !== undefined) builder.decimals(options.decimals);
    return builder.build();
  };
}

function wordMap(words: Readonly<Record<string, string>>): ValueMap {
  const options = Object.entries(words).map(([value, text], index) => [value, { text, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}
