import * as units from '@grafana/grafana-foundation-sdk/units';
import { type Json, type JsonObject, isJsonObject, numberAt, objectAt, objectsAt, textAt } from './json.ts';
import { GRID_COLUMNS } from './layout.ts';
import { MACROS } from './macros.ts';

/**
 * Returns what is wrong with a dashboard's JSON, one sentence each; empty when nothing is. It finds what Grafana accepts
 * in silence: a panel without an id, a place outside the grid or on another panel, a variable nobody defined.
 */
export function dashboardProblems(dashboard: JsonObject): readonly string[] {
  const panels = objectsAt(dashboard, 'panels');
  return [
    ...headProblems(dashboard),
    ...panels.flatMap((panel) => panelProblems(panel)),
    ...repeated(panels.map((panel) => String(numberAt(panel, 'id')))).map((id) => `Panel id ${id} is used twice.`),
    ...placeProblems(panels),
    ...variableProblems(dashboard),
    ...annotationProblems(dashboard),
    ...linkProblems(dashboard),
  ];
}

const UNITS: ReadonlySet<unknown> = new Set(Object.values(units));
const TEXT_ONLY = new Set(['row', 'text']);

/** Placeholders that Grafana itself, or the plugin in the browser, fills. */
const BUILT_IN =
  /^__(?:all|conditionalAll|from|to|interval|interval_ms|range|range_s|rate_interval|field|value|data|url_time_range|all_variables|dashboard|org|user|name)$/;

function headProblems(dashboard: JsonObject): readonly string[] {
  const uid = textAt(dashboard, 'uid');
  return [
    ...(/^[a-z0-9-]{1,40}$/.test(uid)
      ? []
      : [`The uid "${uid}" is not 1 to 40 lower-case letters, digits and dashes.`]),
    ...(textAt(dashboard, 'title') === '' ? ['The dashboard has no title.'] : []),
    ...(textAt(dashboard, 'description') === '' ? ['The dashboard has no description.'] : []),
    ...(dashboard['graphTooltip'] === 1 ? [] : ['The crosshair is not shared.']),
  ];
}

function panelProblems(panel: JsonObject): readonly string[] {
  const name = `Panel "${textAt(panel, 'title')}"`;
  const problems = [
    ...(numberAt(panel, 'id') > 0 ? [] : [`${name} has no id.`]),
    ...(textAt(panel, 'title') === '' ? [`${name} has no title.`] : []),
  ];
  if (TEXT_ONLY.has(textAt(panel, 'type'))) return problems;
  const unit = textAt(objectAt(objectAt(panel, 'fieldConfig'), 'defaults'), 'unit');
  return [
    ...problems,
    ...(textAt(panel, 'description').split('. ').length >= 3
      ? []
      : [`${name} does not say what it shows, from where and what to do.`]),
    ...(UNITS.has(unit) ? [] : [`${name} has no unit that Grafana knows ("${unit}").`]),
    ...(textAt(objectAt(panel, 'datasource'), 'uid') === '' ? [`${name} has no data source.`] : []),
    ...targetProblems(panel, name),
  ];
}

function targetProblems(panel: JsonObject, name: string): readonly string[] {
  const targets = objectsAt(panel, 'targets');
  return [
    ...(targets.length === 0 ? [`${name} has no query.`] : []),
    ...repeated(targets.map((target) => textAt(target, 'refId'))).map((id) => `${name} uses refId ${id} twice.`),
    ...targets.flatMap((target) => queryProblems(target, name)),
  ];
}

function queryProblems(target: JsonObject, name: string): readonly string[] {
  const sql = textAt(target, 'rawSql');
  const isSql = sql !== '';
  return [
    ...(textAt(target, 'refId') === '' ? [`A query of ${name} has no refId.`] : []),
    ...(textAt(objectAt(target, 'datasource'), 'uid') === '' ? [`A query of ${name} has no data source.`] : []),
    ...(isSql || textAt(target, 'expr') !== '' ? [] : [`A query of ${name} is empty.`]),
    ...(isSql && !Number.isInteger(numberAt(target, 'format')) ? [`A query of ${name} has no format.`] : []),
    ...(isSql && !/^[4-9]\./.test(textAt(target, 'pluginVersion'))
      ? [`A query of ${name} is in an old query model.`]
      : []),
    ...(isSql && !/\$__(?:timeFilter|fromTime|toTime)/.test(sql) ? [`A query of ${name} is not bound by time.`] : []),
  ];
}

interface Place {
  readonly title: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

function placeProblems(panels: readonly JsonObject[]): readonly string[] {
  const places = panels.map(placeOf);
  return places.flatMap((place, index) => [
    ...(place.left >= 0 &&
    place.right <= GRID_COLUMNS &&
    place.top >= 0 &&
    place.bottom > place.top &&
    place.right > place.left
      ? []
      : [`Panel "${place.title}" is not inside the grid of ${GRID_COLUMNS} columns.`]),
    ...places
      .slice(index + 1)
      .filter((other) => isOverlapping(place, other))
      .map((other) => `Panels "${place.title}" and "${other.title}" overlap.`),
  ]);
}

function placeOf(panel: JsonObject): Place {
  const grid = objectAt(panel, 'gridPos');
  const left = numberAt(grid, 'x');
  const top = numberAt(grid, 'y');
  const title = textAt(panel, 'title');
  return { title, left, top, right: left + numberAt(grid, 'w'), bottom: top + numberAt(grid, 'h') };
}

function isOverlapping(a: Place, b: Place): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function variableProblems(dashboard: JsonObject): readonly string[] {
  const variables = objectsAt(objectAt(dashboard, 'templating'), 'list');
  const defined = new Set(variables.map((variable) => textAt(variable, 'name')));
  const used = new Set(textsIn(dashboard).flatMap(placeholdersIn));
  return [
    ...repeated(variables.map((variable) => textAt(variable, 'name'))).map(
      (name) => `Variable ${name} is defined twice.`,
    ),
    ...variables
      .filter((variable) => variable['auto'] !== undefined && variable['type'] !== 'interval')
      .map((variable) => `Variable ${textAt(variable, 'name')} has fields of an interval.`),
    ...[...used]
      .filter((name) => !defined.has(name) && !BUILT_IN.test(name) && !MACROS.has(name))
      .map((name) => `Variable ${name} is used but not defined.`),
    ...[...defined].filter((name) => !used.has(name)).map((name) => `Variable ${name} is defined but not used.`),
  ];
}

function annotationProblems(dashboard: JsonObject): readonly string[] {
  return objectsAt(objectAt(dashboard, 'annotations'), 'list').flatMap((annotation) => {
    const name = `Annotation "${textAt(annotation, 'name')}"`;
    return [
      ...(textAt(objectAt(annotation, 'datasource'), 'uid') === '' ? [`${name} has no data source.`] : []),
      ...(annotation['placement'] === undefined ? [] : [`${name} is hidden in a menu.`]),
      ...(annotation['builtIn'] === 1 ? [] : queryProblems(objectAt(annotation, 'target'), name)),
    ];
  });
}

function linkProblems(dashboard: JsonObject): readonly string[] {
  const isDeaf = (url: string): boolean => url.startsWith('/d/') && !url.includes('${__url_time_range}');
  const urls = objectsIn(dashboard).map((object) => textAt(object, 'url'));
  return [
    ...urls.filter(isDeaf).map((url) => `Link ${url} does not carry the time range.`),
    ...objectsAt(dashboard, 'links')
      .filter((link) => link['placement'] !== undefined)
      .map((link) => `Link "${textAt(link, 'title')}" is hidden in a menu.`),
    ...objectsAt(dashboard, 'links')
      .filter((link) => link['type'] === 'dashboards' && !(link['includeVars'] === true && link['keepTime'] === true))
      .map((link) => `Link "${textAt(link, 'title')}" does not carry variables and time.`),
  ];
}

/** Names in `$name`, `${name}`, `${name:format}`, `${name.path}` and `[[name]]`. */
function placeholdersIn(text: string): readonly string[] {
  return [...text.matchAll(/\$\{(\w+)[^}]*\}|\$([A-Za-z_]\w*)|\[\[(\w+)[^\]]*\]\]/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (isJsonObject(value)) return Object.values(value).flatMap(textsIn);
  return Array.isArray(value) ? value.flatMap(textsIn) : [];
}

function objectsIn(value: Json): readonly JsonObject[] {
  if (isJsonObject(value)) return [value, ...Object.values(value).flatMap(objectsIn)];
  return Array.isArray(value) ? value.flatMap(objectsIn) : [];
}

function repeated(values: readonly string[]): readonly string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
