import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { NDJSON, predictionLine, request } from '../support/client.ts';
import { waitFor } from '../support/processes.ts';
import { ask, ServiceYard } from '../support/service.ts';

// A few rounds by default; a campaign is run with PLUMBLINE_KILL_ROUNDS=10.
const ROUNDS = Number(process.env['PLUMBLINE_KILL_ROUNDS'] ?? 2);
const SERVICE_ROUNDS = Math.ceil(ROUNDS / 2);
// Enough clients that two batches are always under way: one is in the middle when the other is acknowledged.
const CLIENTS = 12;
const LINES_PER_POST = 100;

const yard = new ServiceYard();
afterAll(async () => {
  await yard.end();
});

const counts = z.object({ stored: z.number(), unique: z.number(), rolled: z.number() });
const COUNTS = `SELECT count() AS stored, uniqExact(prediction_id) AS unique,
  (SELECT sum(requests) FROM service_per_minute WHERE segment = '') AS rolled FROM predictions`;

describe('every acknowledged record is stored once and counted once', () => {
  test(`through ${ROUNDS} deaths of the engine under load`, { timeout: 60_000 * (ROUNDS + 1) }, async () => {
    const path = yard.folder({ telemetry: { log_level: 'info' } });
    const service = await yard.start(path);
    const traffic = new Traffic(() => service.url);
    for (let round = 1; round <= ROUNDS; round += 1) {
      await traffic.grow();
      const before = service.enginePid();
      process.kill(before, 'SIGKILL');
      await waitFor('another engine', () => (service.enginePid() === before ? undefined : true));
      await traffic.grow();
    }
    await traffic.end();
    await verify(path, traffic, ROUNDS, 'engine');
    expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
  });

  test(`through ${SERVICE_ROUNDS} deaths of the service under load`, {
    timeout: 60_000 * (SERVICE_ROUNDS + 1),
  }, async () => {
    const path = yard.folder();
    let service = await yard.start(path);
    const traffic = new Traffic(() => service.url);
    for (let round = 1; round <= SERVICE_ROUNDS; round += 1) {
      await traffic.grow();
      service.kill('SIGKILL');
      await service.closed;
      service = await yard.start(path);
      await traffic.grow();
    }
    await traffic.end();
    await verify(path, traffic, SERVICE_ROUNDS, 'service');
    expect(await yard.stop(service)).toEqual({ code: 0, signal: null });
  });
});

async function verify(path: string, traffic: Traffic, kills: number, victim: string): Promise<void> {
  const [row] = await ask(path, counts, COUNTS);
  if (process.env['PLUMBLINE_KILL_ROUNDS'] !== undefined) {
    process.stdout.write(
      `${victim}: ${JSON.stringify({ kills, sent: traffic.acknowledged, retries: traffic.retries, ...row })}\n`,
    );
  }
  expect(traffic.acknowledged).toBeGreaterThan(0);
  expect(row).toEqual({ stored: traffic.acknowledged, unique: traffic.acknowledged, rolled: traffic.acknowledged });
}

/** Clients that post without pause; a post that fails is sent again under the same key until it is acknowledged. */
class Traffic {
  acknowledged = 0;
  retries = 0;
  readonly #url: () => string;
  readonly #clients: readonly Promise<void>[];
  #posts = 0;
  #ending = false;

  constructor(url: () => string) {
    this.#url = url;
    this.#clients = Array.from({ length: CLIENTS }, (_, client) => this.#send(client));
  }

  /** Resolves after some more posts were acknowledged. */
  async grow(): Promise<void> {
    const wanted = this.#posts + 2 * CLIENTS + 1;
    await waitFor('posts to be acknowledged', () => (this.#posts >= wanted ? true : undefined));
  }

  async end(): Promise<void> {
    this.#ending = true;
    await Promise.all(this.#clients);
  }

  async #send(client: number): Promise<void> {
    for (let post = 0; !this.#ending; post += 1) {
      const body = Array.from({ length: LINES_PER_POST }, (_, line) =>
        predictionLine(`${client}-${post}-${line}`),
      ).join('\n');
      await waitFor('an acknowledgement', () => this.#try(body, `${client}-${post}`));
      this.acknowledged += LINES_PER_POST;
      this.#posts += 1;
    }
  }

  async #try(body: string, key: string): Promise<true | undefined> {
    try {
      const answer = await request(`${this.#url()}/v1/predictions`, {
        body,
        headers: { ...NDJSON, 'idempotency-key': key },
      });
      if (answer.status === 200) {
        expect(answer.receipt()).toEqual({ accepted: LINES_PER_POST, rejected: 0, errors: [] });
        return true;
      }
      expect(answer.status, answer.text).toBe(503);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // fetch tells a broken connection by a TypeError
    }
    this.retries += 1;
    return undefined;
  }
}
