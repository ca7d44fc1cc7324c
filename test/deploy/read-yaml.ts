import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** Returns the documents of a YAML file in the shape that the schema says. */
export function readYaml<T>(file: string, schema: z.ZodType<T>): T {
  const [document, ...more] = parseAllDocuments(readFileSync(file, 'utf8'), { uniqueKeys: true });
  if (document === undefined || more.length > 0 || document.errors.length > 0) {
    throw new Error(`${file} is not one YAML document: ${String(document?.errors[0] ?? 'none or several')}`);
  }
  return schema.parse(document.toJS());
}
