/** Sockets that the emulated VPP listens at: real ones, so that others find them. */
import { existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';

export class Sockets {
  readonly #servers = new Map<string, Server>();

  /** Whatever is there goes, as unlink(2) before bind(2). @returns whether it is listened at */
  replace(path: string): Server | undefined {
    if (existsSync(path) && lstatSync(path).isDirectory()) return undefined;
    rmSync(path, { force: true });
    return this.listen(path);
  }

  listen(path: string): Server | undefined {
    const server = createServer((socket) => socket.destroy());
    server.on('error', () => undefined);
    server.listen(path);
    server.unref();
    if (!existsSync(path)) return undefined;
    this.#servers.set(path, server);
    return server;
  }

  /** The file goes with it, whoever's it is by now. */
  closeAndUnlink(path: string, server: Server): void {
    server.close();
    rmSync(path, { force: true });
    this.#servers.delete(path);
  }

  /** As close(2): the file stays. */
  async close(path: string): Promise<void> {
    const server = this.#servers.get(path);
    if (server === undefined) return;
    this.#servers.delete(path);
    const aside = `${path}.closing`;
    // Node takes the file away with the server.
    if (existsSync(path)) renameSync(path, aside);
    const closed = new Promise((resolve) => server.close(resolve));
    if (existsSync(aside)) renameSync(aside, path);
    await closed;
  }

  /** As when the process is killed. */
  async closeAll(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((path) => this.close(path)));
  }
}
