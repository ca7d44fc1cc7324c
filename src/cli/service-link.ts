import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { z } from 'zod';
import { environment } from '../config.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { UsageError } from '../core/errors.ts';
import { readServiceFile } from './service-file.ts';

/** A service that a command talks to: one that runs already, or one started for the command alone. */
export interface ServiceLink {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Finds the service: the given URL, else the one that runs on the data folder of the configuration, else one started
 * here on any free port. The token comes from PLUMBLINE_TOKEN.
 *
 * @throws E_USAGE when the URL is none, E_ENGINE_LOCKED when another process holds the folder but serves nothing
 */
export async function linkService(options: {
  readonly url: string | undefined;
  readonly config: Config;
  readonly logger: Logger;
}): Promise<ServiceLink> {
  const { config, logger } = options;
  const url = options.url?.replace(/\/$/, '') ?? readServiceFile(config.clickhouse.path);
  if (url !== undefined) {
    if (!/^https?:\/\//.test(url) || !URL.canParse(url))
      throw new UsageError(`--url must be an http or https URL, not ${url}.`);
    const given = environment('PLUMBLINE_TOKEN');
    return { url, headers: given === undefined ? {} : bearer(given), close: async () => {} };
  }
  // Other users of the machine reach loopback too.
  const token = randomBytes(24).toString('base64url');
  const server = {
    ...config.server,
    host: '127.0.0.1',
    port: 0,
    tokens: [{ name: 'command', token, scopes: ['admin' as const] }],
  };
  // Only now: the whole service is much to load for a command that sends to one.
  const { startService } = await import('../app.ts');
  const service = await startService({
    config: { ...config, server },
    role: 'api',
    clock: systemClock,
    wallClock: systemClock,
    random: Math.random,
    logger,
    background: false,
  });
  return { url: service.url, headers: bearer(token), close: () => service.stop() };
}

/** Returns the sentence of a problem document, or the beginning of any other answer. */
export function problemDetail(text: string): string {
  try {
    return z.object({ detail: z.string() }).parse(JSON.parse(text)).detail;
  } catch {
    return text.slice(0, 300);
  }
}

function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` };
}
