import {
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  VizOrientation,
} from '@grafana/data';
import {
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  VizRepeater,
  type VizRepeaterRenderValueProps,
} from '@grafana/ui';
import type { ReactNode } from 'react';
import { sourceOf } from './field-overrides.ts';
import type { BodyProps } from './panel-body.tsx';
import { panelOptions } from './panel-options.ts';

/** Draws the one number with Grafana's own components. */
export function StatBody({ panel, frames, range, theme, replace, width, height }: BodyProps): ReactNode {
  const options = panelOptions(panel);
  const values = getFieldDisplayValues({
    fieldConfig: sourceOf(panel),
    reduceOptions: options.reduceOptions ?? { calcs: ['lastNotNull'], fields: '', values: false },
    replaceVariables: replace,
    theme,
    data: frames,
    sparkline: options.graphMode === 'area',
    timeZone: 'utc',
  });
  const factors = getDisplayValueAlignmentFactors(values);
  return (
    <VizRepeater
      source={values}
      getValues={() => values}
      renderValue={(item: VizRepeaterRenderValueProps<FieldDisplay>) => (
        <BigValue
          value={item.value.display}
          count={item.count ?? 1}
          {...(item.value.sparkline === undefined ? {} : { sparkline: { ...item.value.sparkline, timeRange: range } })}
          colorMode={options.colorMode ?? BigValueColorMode.Value}
          graphMode={options.graphMode ?? BigValueGraphMode.None}
          justifyMode={options.justifyMode ?? BigValueJustifyMode.Auto}
          textMode={options.textMode ?? BigValueTextMode.Auto}
          disableWideLayout={options.wideLayout === false}
          alignmentFactors={factors}
          theme={theme}
          width={item.width}
          height={item.height}
        />
      )}
      width={width}
      height={height}
      renderCounter={0}
      orientation={VizOrientation.Auto}
      autoGrid
      itemSpacing={3}
    />
  );
}
