import { existsSync, readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type Config, configSchema } from './config/schema.ts';
import { ConfigError, describeError } from './core/errors.ts';

const DEFAULT_FILE = 'plumbline.yaml';

/**
 * Reads the configuration: the named file, else plumbline.yaml when there is one, else the defaults.
 *
 * @throws ConfigError with one sentence that names the path and what is allowed there
 */
export function loadConfig(file: string | undefined): Config {
  const chosen = file ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  if (chosen === undefined) return parseConfig({}, 'defaults');
  let text: string;
  try {
    text = readFileSync(chosen, 'utf8');
  } catch (error) {
    throw new ConfigError(`Cannot read the configuration file ${chosen}`, { cause: error });
  }
  let raw: unknown;
  try {
    raw = parseYaml(text) ?? {};
  } catch (error) {
    throw new ConfigError(`${chosen} is not valid YAML`, { cause: error });
  }
  return parseConfig(raw, chosen);
}

/** Checks a configuration given as an object; `source` is named in errors. */
export function parseConfig(raw: unknown, source: string): Config {
  const parsed = configSchema.safeParse(expand(raw, []));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(`${source}: ${issue === undefined ? 'is not valid' : sentence(issue)}`);
  }
  const config = parsed.data;
  const repeated = config.models.find((model, index) => config.models.findIndex((other) => other.name === model.name) !== index);
  if (repeated !== undefined) throw new ConfigError(`${source}: models names ${repeated.name} twice.`);
  if (config.server.tokens.length === 0 && !isLoopback(config.server.host)) {
    throw new ConfigError(
      `${source}: server.host is ${config.server.host}, but without server.tokens only a loopback address (127.0.0.1, ::1, localhost) is allowed.`,
    );
  }
  return config;
}

/** Returns the JSON Schema of plumbline.yaml. */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
}

/** Returns an environment variable, or undefined. The only reader of the environment besides the engine's child. */
export function environment(name: string): string | undefined {
  return process.env[name];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Replaces ${NAME} by the environment and file:PATH by the file's first line, anywhere in the tree. */
function expand(value: unknown, path: readonly string[]): unknown {
  if (typeof value === 'string') return expandText(value, path);
  if (Array.isArray(value)) return value.map((item: unknown, index) => expand(item, [...path, String(index)]));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item, [...path, key])]));
  }
  return value;
}

function expandText(text: string, path: readonly string[]): string {
  const expanded = text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const found = environment(name);
    if (found === undefined) throw new ConfigError(`${path.join('.')} needs the environment variable ${name}, which is not set.`);
    return found;
  });
  if (!expanded.startsWith('file:')) return expanded;
  try {
    return readFileSync(expanded.slice('file:'.length), 'utf8').trimEnd();
  } catch (error) {
    throw new ConfigError(`${path.join('.')}: cannot read ${expanded.slice('file:'.length)} (${describeError(error)})`);
  }
}

function sentence(issue: z.core.$ZodIssue): string {
  const path = issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${path} has the unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}; allowed: ${allowedKeys(issue.path).join(', ')}.`;
    case 'invalid_value':
      return `${path} must be one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}.`;
    case 'invalid_type':
      return `${path} must be of type ${issue.expected}.`;
    case 'invalid_union':
      return `${path} ${unionSentence(issue)}.`;
    case 'too_small':
      return `${path} must be at least ${String(issue.minimum)}.`;
    case 'too_big':
      return `${path} must be at most ${String(issue.maximum)}.`;
    default:
      return `${path} ${issue.message.replace(/^Invalid/, 'has an invalid')}.`;
  }
}

function unionSentence(issue: z.core.$ZodIssueInvalidUnion): string {
  const options = issue.errors.flatMap((errors) =>
    errors.flatMap((error) => {
      if (error.code === 'invalid_value') return error.values.map((value) => JSON.stringify(value));
      return error.code === 'invalid_format' ? [`a ${error.format}`] : [];
    }),
  );
  return options.length > 0 ? `must be one of ${options.join(', ')}` : `has none of the allowed forms (${issue.message})`;
}

/** The keys that the schema knows at a path, for the sentence about an unknown one. */
function allowedKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = configJsonSchema();
  for (const step of path) schema = childSchema(schema, step);
  const properties = property(schema, 'properties');
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}

function childSchema(schema: unknown, step: PropertyKey): unknown {
  if (typeof step === 'number') return property(schema, 'items');
  return property(property(schema, 'properties'), String(step)) ?? property(schema, 'additionalProperties');
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
