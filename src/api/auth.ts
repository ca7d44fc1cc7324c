import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sendProblem } from './problem.ts';

export type Scope = 'ingest' | 'read' | 'admin';

export interface AccessToken {
  readonly name: string;
  readonly token: string;
  readonly scopes: readonly Scope[];
}

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** Returns the check that guards routes of a scope. Without tokens everything is open, because only loopback is served. `admin` includes the others. */
export function guard(tokens: readonly AccessToken[]): (scope: Scope) => Hook {
  const known = tokens.map((entry) => ({ ...entry, digest: digestOf(entry.token) }));
  return (scope) => async (request, reply) => {
    if (known.length === 0) return;
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) {
      reply.header('www-authenticate', 'Bearer');
      await sendProblem(reply, 401, { title: 'Unauthorized', detail: 'A bearer token is needed.' });
      return;
    }
    const digest = digestOf(given);
    const owner = known.find((entry) => timingSafeEqual(entry.digest, digest));
    if (owner === undefined) {
      reply.header('www-authenticate', 'Bearer error="invalid_token"');
      await sendProblem(reply, 401, { title: 'Unauthorized', detail: 'The bearer token is not known.' });
      return;
    }
    if (!owner.scopes.includes(scope) && !owner.scopes.includes('admin')) {
      await sendProblem(reply, 403, { title: 'Forbidden', detail: `This needs a token with the scope ${scope}.` });
    }
  };
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
