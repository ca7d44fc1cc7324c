import { z } from 'zod';
import { cut, ignored, labelsFrom, momentOf, type Reading } from './change.ts';
import { EVENT_KINDS, type EventKind, type GenericConfig } from './config.ts';

const objectSchema = z.record(z.string(), z.unknown(), { error: 'must be a JSON object' });
const KNOWN = new Set(['ts', 'at', 'timestamp', 'kind', 'event', 'title', 'model', 'version', 'url']);
const MOST_LABELS = 16;

/**
 * Reads a body of any sender. With a configuration the values are where it says; without one they are at the top:
 * model, version, url, title, kind or event, and ts, at or timestamp; other plain values become labels.
 */
export function readGeneric(body: unknown, config: GenericConfig | undefined): Reading {
  const parsed = objectSchema.safeParse(body);
  if (!parsed.success) return { is: 'unreadable', field: '', reason: 'must be a JSON object' };
  return config === undefined ? readPlain(parsed.data) : readConfigured(parsed.data, config);
}

function readPlain(body: Readonly<Record<string, unknown>>): Reading {
  const model = plain(body['model']);
  const version = plain(body['version']);
  const word = plain(body['kind']) ?? plain(body['event']);
  const title =
    plain(body['title']) ?? [word ?? 'deploy', model, version].filter((part) => part !== undefined).join(' ');
  const rest = Object.entries(body).filter(([name]) => !KNOWN.has(name));
  return {
    is: 'change',
    change: {
      ts: momentOf(body['ts']) ?? momentOf(body['at']) ?? momentOf(body['timestamp']),
      kind: kindOf(word) ?? 'deploy',
      title: cut(title, 1024),
      version,
      url: plain(body['url']),
      labels: labelsFrom(
        Object.fromEntries(rest.slice(0, MOST_LABELS).map(([name, value]) => [cut(name, 128), plain(value)])),
      ),
      model,
      subject: {},
    },
  };
}

function readConfigured(body: Readonly<Record<string, unknown>>, config: GenericConfig): Reading {
  for (const [path, allowed] of Object.entries(config.only)) {
    const value = plain(at(body, path));
    if (value === undefined || !allowed.includes(value)) return ignored(`${path} is ${value ?? 'missing'}`);
  }
  const field = (name: keyof GenericConfig['fields']): string | undefined => {
    const path = config.fields[name];
    return path === undefined ? undefined : plain(at(body, path));
  };
  const word = field('kind');
  const kind = (word === undefined ? undefined : (config.kinds[word] ?? kindOf(word))) ?? config.kind;
  const written = config.title?.replaceAll(/\{([^{}]+)\}/g, (_, path: string) => plain(at(body, path)) ?? '');
  const [model, version] = [field('model'), field('version')];
  const title = field('title') ?? written ?? [kind, model, version].filter((part) => part !== undefined).join(' ');
  if (title.trim() === '') return { is: 'unreadable', field: config.fields.title ?? 'title', reason: 'is required' };
  return {
    is: 'change',
    change: {
      ts: config.fields.ts === undefined ? undefined : momentOf(at(body, config.fields.ts)),
      kind,
      title: cut(title, 1024),
      version,
      url: field('url'),
      labels: labelsFrom(
        Object.fromEntries(Object.entries(config.labels).map(([name, path]) => [name, plain(at(body, path))])),
      ),
      model,
      subject: {},
    },
  };
}

/** Returns the value at names joined by dots; a number goes into a list. */
function at(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(name)];
    else {
      const parsed = objectSchema.safeParse(value);
      value = parsed.success && Object.hasOwn(parsed.data, name) ? parsed.data[name] : undefined;
    }
  }
  return value;
}

function plain(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function kindOf(word: string | undefined): EventKind | undefined {
  return EVENT_KINDS.find((kind) => kind === word);
}
