import type { Server } from 'node:http';
import { AppError } from '../core/errors.ts';

/** Makes a server listen on a free port of 127.0.0.1 and returns the port. */
export function listenOnLoopback(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string')
        reject(new AppError('E_INTERNAL', 'The server has no port.'));
      else resolve(address.port);
    });
  });
}

/** Stops a server at once, open connections included. Safe to call twice. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
