import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { type Json, type JsonObject, objectAt, objectsAt, toJsonObject } from './json.ts';

/**
 * Returns a dashboard as plain JSON without the builder defaults that hide things or that current Grafana does not
 * know: toggles moved into a menu, interval fields on every variable, removed table options, link fields on data links.
 */
export function tidy(dashboard: Dashboard): JsonObject {
  const json = toJsonObject(dashboard);
  return {
    ...json,
    templating: { list: objectsAt(objectAt(json, 'templating'), 'list').map(tidyVariable) },
    annotations: {
      list: objectsAt(objectAt(json, 'annotations'), 'list').map((annotation) => without(annotation, ['placement'])),
    },
    links: objectsAt(json, 'links').map((link) => without(link, ['placement'])),
    panels: objectsAt(json, 'panels').map(tidyPanel),
  };
}

/** What a dashboard link has and a link of a panel or field has not. */
const DASHBOARD_LINK_ONLY = ['type', 'icon', 'tooltip', 'tags', 'asDropdown', 'includeVars', 'keepTime', 'placement'];

function tidyVariable(variable: JsonObject): JsonObject {
  return variable['type'] === 'interval' ? variable : without(variable, ['auto', 'auto_min', 'auto_count']);
}

function tidyPanel(panel: JsonObject): JsonObject {
  if (panel['type'] === 'row') return panel;
  const fieldConfig = objectAt(panel, 'fieldConfig');
  const defaults = objectAt(fieldConfig, 'defaults');
  const custom = objectAt(defaults, 'custom');
  const isTable = panel['type'] === 'table';
  return {
    ...without(panel, panel['repeat'] === undefined ? ['repeatDirection'] : []),
    options: isTable ? without(objectAt(panel, 'options'), ['footer']) : objectAt(panel, 'options'),
    links: tidyLinks(panel),
    fieldConfig: {
      ...fieldConfig,
      defaults: {
        ...defaults,
        custom: isTable ? { cellOptions: { type: 'auto' }, ...custom } : custom,
        links: tidyLinks(defaults),
      },
    },
  };
}

function tidyLinks(owner: JsonObject): Json {
  return objectsAt(owner, 'links').map((link) => without(link, DASHBOARD_LINK_ONLY));
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}
