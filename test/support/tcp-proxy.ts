import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes TCP connections on; told to, it swallows everything without closing anything, like a lost route. */
export class TcpProxy {
  readonly port: number;
  /** Where new connections go. */
  target = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isMute = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(): Promise<TcpProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const proxy = new TcpProxy(server, typeof address === 'object' && address !== null ? address.port : 0);
    server.on('connection', (socket) => proxy.#accept(socket));
    return proxy;
  }

  /** Swallows what all connections say, the ones to come too. */
  mute(): void {
    this.#isMute = true;
  }

  /** Serves new connections again; those of the mute time stay dead. */
  heal(): void {
    this.#isMute = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(from: Socket): void {
    const to = connect(this.target, '127.0.0.1');
    let isDead = false;
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(one);
      one.on('data', (bytes) => {
        isDead ||= this.#isMute;
        if (!isDead) other.write(bytes);
      });
      one.on('error', () => {}); // the close that follows says enough
      one.on('close', () => {
        this.#sockets.delete(one);
        if (!isDead || one === from) other.destroy();
      });
    }
  }
}
