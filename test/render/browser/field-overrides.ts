import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  FieldConfigOptionsRegistry,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type FieldOverrideContext,
  type GrafanaTheme2,
  type InterpolateFunction,
} from '@grafana/data';
import type { Panel } from '@grafana/schema';

/** Returns frames with names, units, thresholds, mappings, links and colours of a panel applied by Grafana. */
export function overridden(options: {
  readonly panel: Panel;
  readonly frames: readonly DataFrame[];
  readonly theme: GrafanaTheme2;
  readonly replace: InterpolateFunction;
}): DataFrame[] {
  const { panel, frames, theme, replace } = options;
  const applied = applyFieldOverrides({
    data: [...frames],
    fieldConfig: sourceOf(panel),
    replaceVariables: replace,
    theme,
    timeZone: 'utc',
    fieldConfigRegistry: registryOf(panel),
  });
  cacheFieldDisplayNames(applied);
  return applied;
}

/** Returns the field configuration of a panel, with what Grafana's panel plugins preset where the JSON is silent. */
export function sourceOf(panel: Panel): FieldConfigSource {
  const defaults = panel.fieldConfig?.defaults ?? {};
  const preset = panel.type === 'timeseries' ? GRAPH_PRESETS : {};
  return JSON.parse(
    JSON.stringify({
      defaults: {
        ...defaults,
        color: defaults.color ?? {
          mode: panel.type === 'timeseries' || panel.type === 'barchart' ? 'palette-classic' : 'thresholds',
        },
        custom: { ...preset, ...defaults.custom },
      },
      overrides: (panel.fieldConfig?.overrides ?? []).map(({ matcher, properties }) => ({
        matcher,
        properties: properties.map((property) => (property.id === 'custom.hidden' ? HIDDEN : property)),
      })),
    }),
  );
}

/** What the table panel of Grafana 13 makes of `custom.hidden`, its older name. */
const HIDDEN = { id: 'custom.hideFrom', value: { viz: true } };

/** Of public/app/plugins/panel/timeseries/config.ts, which is not on npm. */
const GRAPH_PRESETS = {
  drawStyle: 'line',
  lineInterpolation: 'linear',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  barAlignment: 0,
  barWidthFactor: 0.6,
  showPoints: 'auto',
  pointSize: 5,
  axisPlacement: 'auto',
  axisColorMode: 'text',
  axisBorderShow: false,
  scaleDistribution: { type: 'linear' },
  stacking: { group: 'A', mode: 'none' },
  hideFrom: { tooltip: false, viz: false, legend: false },
  thresholdsStyle: { mode: 'off' },
  spanNulls: false,
};

const STANDARD = [
  'unit',
  'min',
  'max',
  'decimals',
  'displayName',
  'color',
  'noValue',
  'links',
  'mappings',
  'thresholds',
  'filterable',
];

/** The options that may be preset or overridden; Grafana's own list is made by panel plugins, which are not on npm. */
function registryOf(panel: Panel): FieldConfigOptionsRegistry {
  const custom = sourceOf(panel).overrides.flatMap(({ properties }) =>
    properties.map(({ id }) => id).filter((id) => id.startsWith('custom.')),
  );
  const preset = Object.keys(sourceOf(panel).defaults.custom ?? {}).map((name) => `custom.${name}`);
  const ids = [...new Set([...STANDARD, ...custom, ...preset])];
  return new FieldConfigOptionsRegistry(() => ids.map((id) => item(id)));
}

function item(id: string): FieldConfigPropertyItem {
  const isCustom = id.startsWith('custom.');
  return {
    id,
    path: isCustom ? id.slice('custom.'.length) : id,
    isCustom,
    name: id,
    editor: () => null,
    override: () => null,
    process: (value: unknown, context: FieldOverrideContext) =>
      id === 'displayName' && typeof value === 'string' && context.replaceVariables !== undefined
        ? context.replaceVariables(value, context.field?.state?.scopedVars)
        : value,
    shouldApply: () => true,
  };
}
