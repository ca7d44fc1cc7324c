import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { z } from 'zod';
import { type JsonObject, objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';

const schema = z.record(z.string(), z.unknown());
const file = z.object({
  version: z.string(),
  dashboard: schema,
  panels: z.record(z.string(), z.object({ options: schema, field: schema.optional() })),
});

const FIXTURE = new URL('../fixtures/grafana-schemas.json', import.meta.url);

/** Where the types of Grafana are narrower than what Grafana reads: the target of an annotation is that of its plugin. */
const OPEN = { annotation: ['target', 'mappings', 'builtIn'], variable: ['definition'] } as const;

/** Returns a check of a dashboard against the types of @grafana/schema, and the version of that package. */
export function grafanaSchemas(): {
  readonly version: string;
  readonly problems: (dashboard: JsonObject) => readonly string[];
} {
  const { version, dashboard, panels } = file.parse(JSON.parse(readFileSync(FIXTURE, 'utf8')));
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  const whole = ajv.compile(dashboard);
  const byPanel = new Map(
    Object.entries(panels).map(([name, { options, field }]) => [
      name,
      { options: ajv.compile(options), field: field === undefined ? undefined : ajv.compile(field) },
    ]),
  );
  return {
    version,
    problems: (json) => [
      ...faults(whole, opened(json), 'dashboard'),
      ...objectsAt(json, 'panels').flatMap((panel) => {
        const title = `"${textAt(panel, 'title')}"`;
        if (textAt(panel, 'type') === 'row') return [];
        const types = byPanel.get(textAt(panel, 'type').replace('-', ''));
        if (types === undefined) return [`${title} is of an unknown type ${textAt(panel, 'type')}`];
        const custom = objectAt(objectAt(objectAt(panel, 'fieldConfig'), 'defaults'), 'custom');
        return [
          ...faults(types.options, objectAt(panel, 'options'), `${title} options`),
          ...(types.field === undefined ? [] : faults(types.field, custom, `${title} custom`)),
        ];
      }),
    ],
  };
}

function faults(validate: ValidateFunction, value: JsonObject, where: string): readonly string[] {
  if (validate(value)) return [];
  return (validate.errors ?? [])
    .filter(({ keyword }) => keyword !== 'anyOf' && keyword !== 'required')
    .map(({ instancePath, message, params }) => `${where}${instancePath} ${message} ${JSON.stringify(params)}`);
}

/** The dashboard without what the types leave out although Grafana reads it. */
function opened(json: JsonObject): JsonObject {
  const strip = (object: JsonObject, keys: readonly string[]): JsonObject =>
    Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
  return {
    ...json,
    annotations: { list: objectsAt(objectAt(json, 'annotations'), 'list').map((item) => strip(item, OPEN.annotation)) },
    templating: { list: objectsAt(objectAt(json, 'templating'), 'list').map((item) => strip(item, OPEN.variable)) },
  };
}
