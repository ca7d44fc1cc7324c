import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';

const credentialsSchema = z.object({ servicePassword: z.string(), readerPassword: z.string() });
const portsSchema = z.object({ http: z.number().int(), tcp: z.number().int() });

/** Passwords of the engine's two users, made once for a data folder. */
export type EngineCredentials = z.infer<typeof credentialsSchema>;

/**
 * Reads the passwords of a data folder, or makes them.
 *
 * @throws E_ENGINE_DIRECTORY when the file is not ours
 */
export function readOrCreateCredentials(directory: string): EngineCredentials {
  const file = credentialsFileOf(directory);
  if (existsSync(file)) {
    const parsed = credentialsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return parsed.data;
    throw new AppError('E_ENGINE_DIRECTORY', `${file} is not a credentials file of Plumbline.`);
  }
  const credentials = {
    servicePassword: randomBytes(24).toString('base64url'),
    readerPassword: randomBytes(24).toString('base64url'),
  };
  writePrivate(file, JSON.stringify(credentials, undefined, 2));
  return credentials;
}

/** Writes a file that others of the machine cannot read; it appears whole or not at all. */
export function writePrivate(file: string, text: string): void {
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Reads where the engine says it listens; undefined before it does. */
export function readPorts(file: string): z.infer<typeof portsSchema> | undefined {
  try {
    return portsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

export function portFileOf(directory: string): string {
  return `${directory}/engine-ports.json`;
}

export function identityFileOf(directory: string): string {
  return `${directory}/engine-process.json`;
}

export function credentialsFileOf(directory: string): string {
  return `${directory}/engine-credentials.json`;
}
