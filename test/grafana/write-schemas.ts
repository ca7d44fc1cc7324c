import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createGenerator } from 'ts-json-schema-generator';
import { z } from 'zod';

// Makes test/fixtures/grafana-schemas.json from the types of @grafana/schema. It takes half a minute, so it is run by
// hand when that package changes: npx tsx test/grafana/write-schemas.ts

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = `${ROOT}node_modules/@grafana/schema/dist/types/raw`;
/** The types of panels that we use, and which of their two types each has. */
const PANELS = {
  barchart: true,
  heatmap: true,
  stat: false,
  statushistory: true,
  table: true,
  timeseries: true,
} as const;

/** Every root type has a schema of its own, because their names are the same in each panel. */
function schemaOf(file: string, type: string): unknown {
  return createGenerator({
    path: `${TYPES}/${file}`,
    type,
    skipTypeCheck: true,
    additionalProperties: false,
  }).createSchema(type);
}

const manifest = readFileSync(`${ROOT}node_modules/@grafana/schema/package.json`, 'utf8');
const { version } = z.object({ version: z.string() }).parse(JSON.parse(manifest));
const panels = Object.entries(PANELS).map(([panel, hasField]) => {
  const file = `composable/${panel}/panelcfg/x/types.gen.d.ts`;
  const options = schemaOf(file, 'Options');
  return [panel, hasField ? { options, field: schemaOf(file, 'FieldConfig') } : { options }] as const;
});
const schemas = {
  version,
  dashboard: schemaOf('dashboard/x/types.gen.d.ts', 'Dashboard'),
  panels: Object.fromEntries(panels),
};
writeFileSync(`${ROOT}test/fixtures/grafana-schemas.json`, `${JSON.stringify(schemas)}\n`);
