import { existsSync, readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { describeIssue } from './config/describe-issue.ts';
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
  const parsed = configSchema.safeParse(expand(raw, []), { reportInput: true });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(`${source}: ${issue === undefined ? 'is not valid' : describeIssue(issue, configSchema)}`);
  }
  const config = parsed.data;
  const repeated = config.models.find(
    (model, index) => config.models.findIndex((other) => other.name === model.name) !== index,
  );
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
    if (found === undefined)
      throw new ConfigError(`${path.join('.')} needs the environment variable ${name}, which is not set.`);
    return found;
  });
  if (!expanded.startsWith('file:')) return expanded;
  try {
    return readFileSync(expanded.slice('file:'.length), 'utf8').trimEnd();
  } catch (error) {
    throw new ConfigError(`${path.join('.')}: cannot read ${expanded.slice('file:'.length)} (${describeError(error)})`);
  }
}
