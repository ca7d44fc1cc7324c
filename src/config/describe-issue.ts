import { z } from 'zod';

/** Returns one sentence about what is wrong: the path in the file, and what is allowed there. */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const path = issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
  return `${path} ${complaint(issue, schema)}.`;
}

function complaint(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const allowed = Object.keys(asObject(property(schemaAt(schema, issue.path), 'properties')));
      return `has the unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}; allowed: ${allowed.join(', ')}`;
    }
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_type':
      return `${issue.input === undefined ? 'is required; it ' : ''}must be of type ${issue.expected}`;
    case 'invalid_union':
      return unionComplaint(issue, schema);
    case 'too_small':
      return `must ${bound(issue, issue.minimum, issue.inclusive === false ? 'more than' : 'at least')}`;
    case 'too_big':
      return `must ${bound(issue, issue.maximum, issue.inclusive === false ? 'less than' : 'at most')}`;
    default:
      return issue.message.replace(/^Invalid/, 'has an invalid');
  }
}

function bound(issue: { readonly origin: string }, limit: number | bigint, words: string): string {
  if (issue.origin === 'string') return `have ${words} ${limit} characters`;
  if (issue.origin === 'array') return `have ${words} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `be ${words} ${limit}`;
}

function unionComplaint(issue: z.core.$ZodIssueInvalidUnion, schema: z.ZodType): string {
  const discriminator = issue.path.at(-1);
  const branches = property(schemaAt(schema, issue.path.slice(0, -1)), 'oneOf');
  if (Array.isArray(branches) && typeof discriminator === 'string') {
    return oneOf(
      branches.map((branch: unknown) => property(property(property(branch, 'properties'), discriminator), 'const')),
    );
  }
  const forms = issue.errors.flatMap((errors) => errors.map((error) => complaint(error, schema)));
  return forms.length > 0 ? [...new Set(forms)].join(', or ') : 'has none of the allowed forms';
}

function oneOf(values: readonly unknown[]): string {
  return `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
}

/** Returns the part of the schema, as JSON Schema, that describes the value at a path. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): unknown {
  let found: unknown = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  for (const step of path) {
    found =
      typeof step === 'number'
        ? property(found, 'items')
        : (property(property(found, 'properties'), String(step)) ?? property(found, 'additionalProperties'));
  }
  return found;
}

function property(value: unknown, key: string): unknown {
  return Reflect.get(asObject(value), key);
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
