import type { PanelLink } from './panel-text.ts';
import { variable } from './sql.ts';

/** The dashboards by their uids, which never change: alerts and bookmarks point at them. */
export const DASHBOARD_UIDS = {
  fleet: 'plumbline-fleet',
  model: 'plumbline-model',
  featureDrift: 'plumbline-feature-drift',
  gpuFleet: 'plumbline-gpu-fleet',
  llm: 'plumbline-llm',
  dataQuality: 'plumbline-data-quality',
  alerts: 'plumbline-alerts',
  self: 'plumbline-self',
  objectives: 'plumbline-objectives',
} as const;

/** Address of Plumbline's own pages. */
export const PLUMBLINE = variable('plumbline');

/**
 * Returns a link to another dashboard that takes the data sources, the time range and the given variables along.
 *
 * @param set  what else stands in the address, such as `var-model=${__value.raw}`
 */
export function dashboardLink(title: string, to: keyof typeof DASHBOARD_UIDS, set: readonly string[]): PanelLink {
  const parameters = [variable('clickhouse', 'queryparam'), variable('prometheus', 'queryparam'), ...set];
  return { title, url: `/d/${DASHBOARD_UIDS[to]}?${parameters.join('&')}&\${__url_time_range}` };
}

/** Takes the chosen model, or models, along. */
export const SAME_MODEL = variable('model', 'queryparam');

/** The model that a table's cell, or a series, is named after. */
export const MODEL_OF_CELL = 'var-model=${__value.raw}';
export const MODEL_OF_SERIES = 'var-model=${__field.labels.series}';

/** Returns the link to the page of one model. */
export function toOneModel(model: string): PanelLink {
  return dashboardLink('This model', 'model', [model]);
}
