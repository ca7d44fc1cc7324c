/** What the command line says of records that do not say it themselves. */
export interface Defaults {
  readonly model: string | undefined;
  readonly version: string | undefined;
}

/** Returns the line with the fields added that its record lacks; what is no JSON object stays as it is. */
export function withDefaults(line: Buffer, defaults: Defaults): Buffer {
  const given = Object.entries(defaults).filter(([, value]) => value !== undefined);
  if (given.length === 0) return line;
  const text = line.toString('utf8');
  const record = parseObject(text);
  if (record === undefined) return line;
  const absent = given.filter(([name]) => !Object.hasOwn(record, name));
  if (absent.length === 0) return line;
  const start = text.indexOf('{') + 1;
  const rest = text.slice(start);
  const comma = Object.keys(record).length === 0 ? '' : ',';
  return Buffer.from(
    `${text.slice(0, start)}${JSON.stringify(Object.fromEntries(absent)).slice(1, -1)}${comma}${rest}`,
  );
}

function parseObject(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
