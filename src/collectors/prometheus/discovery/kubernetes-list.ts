import { z } from 'zod';
import { KubernetesError, type KubernetesRequest, listObjects, watchObjects } from './kubernetes-api.ts';

type Named = { readonly metadata: { readonly namespace: string; readonly name: string } };

export interface KubernetesListOptions<T> extends Omit<KubernetesRequest, 'signal'> {
  readonly item: z.ZodType<T>;
}

const nameSchema = z.object({ metadata: z.object({ name: z.string(), namespace: z.string().default('') }) });
const versionSchema = z.object({ metadata: z.object({ resourceVersion: z.string().min(1) }) });
const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});

const GONE = 410;
/** Answers of servers, or roles, that allow a list and no watch. */
const NO_WATCH: ReadonlySet<number | undefined> = new Set([400, 403, 404, 405, 406, 501]);

/**
 * Keeps the objects of one kind as they are now: listed once and then watched from the version of the list on. When the
 * server no longer knows the version (410), or sends what cannot be read, the next `list` begins anew.
 */
export class KubernetesList<T extends Named> {
  readonly #options: KubernetesListOptions<T>;
  readonly #objects = new Map<string, T>();
  #version = '';
  #mayWatch = true;

  constructor(options: KubernetesListOptions<T>) {
    this.#options = options;
  }

  get objects(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Whether changes can be watched; else the objects must be listed. */
  get canWatch(): boolean {
    return this.#mayWatch && this.#version !== '';
  }

  /** Reads everything. @throws KubernetesError, and what was known stays */
  async list(signal: AbortSignal): Promise<void> {
    const { items, version } = await listObjects({ ...this.#options, signal });
    this.#objects.clear();
    for (const object of items) this.#put(object);
    this.#version = version;
  }

  /** Watches until something changes, the server ends the watch, or the signal does. @throws KubernetesError */
  async watch(signal: AbortSignal): Promise<void> {
    try {
      const onLines = (lines: readonly string[]): boolean => !this.#takeLines(lines);
      await watchObjects({ ...this.#options, signal, version: this.#version, onLines });
    } catch (error) {
      const status = error instanceof KubernetesError ? error.status : undefined;
      if (status === GONE) {
        this.#version = '';
        return;
      }
      this.#mayWatch = !NO_WATCH.has(status);
      throw error;
    }
  }

  /** Returns whether something changed. */
  #takeLines(lines: readonly string[]): boolean {
    let isChanged = false;
    for (const line of lines) {
      if (line.trim() === '') continue;
      const event = eventSchema.safeParse(parseJson(line));
      const version = versionSchema.safeParse(event.data?.object);
      // An error is most often 410, told within the watch; anything else that is no event is answered in the same way.
      if (!event.success || !version.success || event.data.type === 'ERROR') {
        this.#version = '';
        return true;
      }
      this.#version = version.data.metadata.resourceVersion;
      if (event.data.type === 'BOOKMARK') continue;
      isChanged = true;
      if (event.data.type === 'DELETED') this.#objects.delete(keyOf(event.data.object));
      else this.#put(event.data.object);
    }
    return isChanged;
  }

  #put(object: unknown): void {
    const parsed = this.#options.item.safeParse(object);
    // One object of another shape must not hide the others.
    if (parsed.success)
      this.#objects.set(`${parsed.data.metadata.namespace}/${parsed.data.metadata.name}`, parsed.data);
    else this.#objects.delete(keyOf(object));
  }
}

function keyOf(object: unknown): string {
  const named = nameSchema.safeParse(object);
  return named.success ? `${named.data.metadata.namespace}/${named.data.metadata.name}` : '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no event.
    return undefined;
  }
}
