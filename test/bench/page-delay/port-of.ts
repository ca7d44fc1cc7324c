import type { Server } from 'node:http';
import { z } from 'zod';

/** Returns the port that a server listens on. */
export function portOf(server: Server): number {
  return z.object({ port: z.number() }).parse(server.address()).port;
}
