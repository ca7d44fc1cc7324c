import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { libchdbPath } from 'chdb/libchdb';
import type { Logger } from 'pino';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import { identifyProcess, isAlive, readIdentity } from './process-identity.ts';
import { type EngineLimits, renderServerConfig, renderUsers, SERVICE_USER } from './engine-config.ts';
import {
  credentialsFileOf,
  type EngineCredentials,
  identityFileOf,
  portFileOf,
  readOrCreateCredentials,
  readPorts,
  writePrivate,
} from './engine-files.ts';
import { findFreePort } from './free-port.ts';

/** Where a running engine answers, and as whom. */
export interface EngineEndpoint {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface EmbeddedEngineOptions {
  /** Data folder; created when absent. One owner at a time. */
  readonly path: string;
  readonly database: string;
  readonly limits: EngineLimits;
  /** HTTP port on loopback; 0 chooses a free one and keeps that choice across restarts of the child. */
  readonly port: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 10_000;
const PORT_ATTEMPTS = 5;

/**
 * Hosts ClickHouse in a child process: starts it, waits until it answers, starts it again when it dies, stops it
 * cleanly. A second owner of the data folder is refused.
 *
 * @throws DirectoryLockedError, E_ENGINE_START
 */
export class EmbeddedEngine {
  readonly #options: EmbeddedEngineOptions;
  readonly #directory: string;
  readonly #lock: DirectoryLock;
  readonly #credentials: EngineCredentials;
  #child: ChildProcess | undefined;
  #port: number;
  #stopping = false;
  #restarts = 0;
  #restarting: Promise<void> = Promise.resolve();

  private constructor(options: EmbeddedEngineOptions, lock: DirectoryLock) {
    this.#options = options;
    this.#directory = resolve(options.path);
    this.#lock = lock;
    this.#port = options.port;
    this.#credentials = readOrCreateCredentials(this.#directory);
  }

  /** Takes the data folder and starts the engine; resolves when it answers. */
  static async start(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
    const directory = resolve(options.path);
    mkdirSync(`${directory}/engine`, { recursive: true });
    const engine = new EmbeddedEngine(options, lockDirectory(directory));
    try {
      engine.#writeConfiguration();
      await engine.#awaitPredecessor();
      await engine.#launchFirst();
    } catch (error) {
      engine.#stopping = true;
      engine.#child?.kill('SIGKILL');
      engine.#lock.release();
      throw error;
    }
    return engine;
  }

  get endpoint(): EngineEndpoint {
    return {
      url: `http://127.0.0.1:${this.#port}`,
      username: SERVICE_USER,
      password: this.#credentials.servicePassword,
    };
  }

  /** How often the child had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Stops the child and releases the data folder; safe to call twice. Close HTTP clients first: the engine waits for them. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    await this.#restarting;
    const child = this.#child;
    if (child !== undefined && !hasEnded(child)) {
      const ended = new AbortController();
      const exited = onExit(child).then(() => ended.abort());
      child.stdin?.end();
      // A clock left running would keep this process alive.
      await this.#options.clock.sleep(STOP_TIMEOUT_MS, ended.signal);
      if (!hasEnded(child)) {
        child.kill('SIGKILL');
        await exited;
      }
    }
    this.#lock.release();
  }

  #writeConfiguration(): void {
    const { database, limits } = this.#options;
    const usersFile = `${this.#directory}/engine-users.xml`;
    writePrivate(usersFile, renderUsers({ database, limits, ...this.#credentials }));
    const config = renderServerConfig({ usersFile, userFilesDir: `${this.#directory}/engine/user_files`, limits });
    writePrivate(`${this.#directory}/engine-config.xml`, config);
  }

  /** A killed owner leaves its child behind for a moment: it notices the closed pipe and stops by itself. */
  async #awaitPredecessor(): Promise<void> {
    const { clock } = this.#options;
    const old = readIdentity(identityFileOf(this.#directory));
    const deadline = clock.now() + STOP_TIMEOUT_MS;
    while (old !== undefined && isAlive(old)) {
      if (clock.now() > deadline) process.kill(old.pid, 'SIGKILL');
      await clock.sleep(20);
    }
  }

  /** Between our look at a chosen port and the engine's use of it somebody else may take it. */
  async #launchFirst(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#launch();
        return;
      } catch (error) {
        const chosenPortWasTaken = this.#port === 0 && attempt < PORT_ATTEMPTS;
        if (!chosenPortWasTaken) throw error;
      }
    }
  }

  async #launch(): Promise<void> {
    const { logger, clock } = this.#options;
    if (this.#port === 0) this.#port = await findFreePort();
    const portFile = portFileOf(this.#directory);
    const script = fileURLToPath(new URL(`./engine-child${extension()}`, import.meta.url));
    const child = spawn(
      process.execPath,
      [
        ...(extension() === '.ts' ? ['--import', 'tsx'] : []),
        script,
        libchdbPath(),
        `${this.#directory}/engine`,
        `${this.#directory}/engine-config.xml`,
        portFile,
        String(this.#port),
        SERVICE_USER,
      ],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
        env: { PATH: '/usr/bin:/bin', TZ: 'UTC', PLUMBLINE_ENGINE_PASSWORD: this.#credentials.servicePassword },
      },
    );
    this.#child = child;
    if (child.pid !== undefined) {
      writePrivate(identityFileOf(this.#directory), JSON.stringify(identifyProcess(child.pid)));
    }
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString('utf8')}`.slice(-2000);
    });
    const deadline = clock.now() + START_TIMEOUT_MS;
    for (;;) {
      if (hasEnded(child)) {
        // Somebody else may have taken the kept port meanwhile; a configured one is never changed silently.
        if (complaint.includes('Address already in use')) this.#port = this.#options.port;
        throw new AppError('E_ENGINE_START', `The embedded engine did not start: ${complaint.trim()}`, {
          retryable: true,
        });
      }
      const ports = readPorts(portFile);
      // It may have died after its answer and before we read it; nobody would notice that later.
      if (ports !== undefined && (await answers(ports.http)) && !hasEnded(child)) {
        this.#port = ports.http;
        break;
      }
      if (clock.now() > deadline) {
        child.kill('SIGKILL');
        throw new AppError('E_ENGINE_START', 'The embedded engine did not answer within 60 seconds.', {
          retryable: true,
        });
      }
      await clock.sleep(10);
    }
    child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      logger.error({ event: 'engine_died', code, signal, complaint }, 'The embedded engine died; starting it again.');
      this.#restarting = this.#restart();
    });
    logger.info({ event: 'engine_started', pid: child.pid, port: this.#port }, 'The embedded engine answers.');
  }

  async #restart(): Promise<void> {
    const { logger, clock } = this.#options;
    for (let attempt = 0; !this.#stopping; attempt += 1) {
      this.#restarts += 1;
      try {
        await this.#launch();
        return;
      } catch (error) {
        logger.error({ event: 'engine_restart_failed', attempt, err: error }, 'The embedded engine did not come back.');
        await clock.sleep(Math.min(10_000, 200 * 2 ** attempt));
      }
    }
  }
}

/** Returns the endpoint of an engine that another live process hosts on this data folder, for commands beside a running service. */
export function attachToEngine(path: string): EngineEndpoint | undefined {
  const directory = resolve(path);
  const ports = readPorts(portFileOf(directory));
  if (ports === undefined || !existsSync(credentialsFileOf(directory))) return undefined;
  const credentials = readOrCreateCredentials(directory);
  return {
    url: `http://127.0.0.1:${ports.http}`,
    username: SERVICE_USER,
    password: credentials.servicePassword,
  };
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ping`, {
      signal: AbortSignal.timeout(2000),
      headers: { connection: 'close' },
    });
    return response.ok;
  } catch {
    return false;
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function onExit(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.once('exit', () => done());
  });
}

function extension(): '.ts' | '.js' {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js';
}
