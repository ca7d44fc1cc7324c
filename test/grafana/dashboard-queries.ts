import { type JsonObject, objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';

export interface DashboardQuery {
  readonly uid: string;
  /** Unique: uid, title and refId. */
  readonly name: string;
  /** Panel type, or what else the query is for. */
  readonly purpose: string;
  readonly sql: string;
}

/** Returns every SQL query of a dashboard: variables, annotations, panels. */
export function queriesOf(dashboard: JsonObject): readonly DashboardQuery[] {
  const uid = textAt(dashboard, 'uid');
  const variables = objectsAt(objectAt(dashboard, 'templating'), 'list').map((variable) => ({
    name: `variable ${textAt(variable, 'name')}`,
    purpose: 'variable',
    sql: textAt(objectAt(variable, 'query'), 'rawSql'),
  }));
  const annotations = objectsAt(objectAt(dashboard, 'annotations'), 'list').map((annotation) => ({
    name: `${textAt(annotation, 'name')} annotation`,
    purpose: 'annotation',
    sql: textAt(objectAt(annotation, 'target'), 'rawSql'),
  }));
  const panels = objectsAt(dashboard, 'panels').flatMap((panel) =>
    objectsAt(panel, 'targets').map((target) => ({
      name: `${textAt(panel, 'title')} ${textAt(target, 'refId')}`,
      purpose: textAt(panel, 'type'),
      sql: textAt(target, 'rawSql'),
    })),
  );
  return [...variables, ...annotations, ...panels]
    .filter(({ sql }) => sql !== '')
    .map((query) => ({ ...query, uid, name: `${uid}: ${query.name}` }));
}
