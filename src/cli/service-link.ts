import type { Logger } from 'pino';
import { startService } from '../app.ts';
import { environment } from '../config.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { DirectoryLockedError } from '../store/engine/directory-lock.ts';

/** A service that a command talks to: one that runs already, or one started for the command alone. */
export interface ServiceLink {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Finds the service: the given URL, else the one whose data folder the configuration names when it runs, else one
 * started here on any free port. The token comes from PLUMBLINE_TOKEN.
 */
export async function linkService(options: { readonly url: string | undefined; readonly config: Config; readonly logger: Logger }): Promise<ServiceLink> {
  const { url, config, logger } = options;
  const token = environment('PLUMBLINE_TOKEN');
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const nothing = async (): Promise<void> => {};
  if (url !== undefined) return { url: url.replace(/\/$/, ''), headers, close: nothing };
  const { host, port } = config.server;
  const usual = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  try {
    const service = await startService({
      config: { ...config, server: { ...config.server, host: '127.0.0.1', port: 0, tokens: [] } },
      role: 'api',
      clock: systemClock,
      wallClock: systemClock,
      random: Math.random,
      logger,
      background: false,
    });
    return { url: service.url, headers: {}, close: () => service.stop() };
  } catch (error) {
    if (error instanceof DirectoryLockedError) return { url: usual, headers, close: nothing };
    throw error;
  }
}
