import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { AppError } from '../../core/errors.ts';

/** Below the range from which Linux takes the local ports of outgoing connections (32768 to 60999). */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_700;
const ATTEMPTS = 100;

/**
 * Finds a TCP port on loopback that nothing listens on. No outgoing connection of the machine takes it later, so a
 * process that comes back after its death finds it free.
 *
 * @throws E_NO_PORT when a hundred random ports were all taken
 */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
  throw new AppError('E_NO_PORT', `No free TCP port was found between ${FIRST_PORT} and ${LAST_PORT}.`, {
    retryable: true,
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
