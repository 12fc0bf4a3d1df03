/** The baselines: as many streams, with the same bytes, and nothing else behind them. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Fleet } from './fleet.js';

const PROCESS = fileURLToPath(new URL('./bare-process.js', import.meta.url));
const PROCESSES = 2;

export class BareWorld {
  readonly #fleet = new Fleet(PROCESSES);

  private constructor(
    private readonly directory: string,
    private server: ChildProcess,
  ) {}

  static async create(names: readonly string[]): Promise<BareWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'nfvd-bench-'));
    const world = new BareWorld(directory, await serve(directory));
    await world.#fleet.connect(socketIn(directory), names, true);
    await world.#fleet.inStep();
    return world;
  }

  /** @returns milliseconds until so many streams have echoed so many bytes each */
  async round(streams: number, bytes: number): Promise<number> {
    const { server } = this;
    return new Promise((resolve) => {
      server.once('message', (ms) => {
        resolve(Number(ms));
      });
      server.send({ streams, bytes });
    });
  }

  /** All connections are cut. @returns seconds until each stream has said hello again */
  async storm(): Promise<number> {
    const start = performance.now();
    await this.#fleet.cut();
    await this.#fleet.inStep();
    return (performance.now() - start) / 1000;
  }

  /** kill -9 of the server, and a new one. @returns seconds until each stream has said hello again */
  async restart(): Promise<number> {
    const start = performance.now();
    const ended = once(this.server, 'exit');
    this.server.kill('SIGKILL');
    await ended;
    await rm(socketIn(this.directory), { force: true });
    this.server = await serve(this.directory);
    await this.#fleet.inStep();
    return (performance.now() - start) / 1000;
  }

  async close(): Promise<void> {
    await this.#fleet.stop();
    const ended = once(this.server, 'exit');
    this.server.disconnect();
    await ended;
    await rm(this.directory, { recursive: true });
  }
}

const socketIn = (directory: string): string => join(directory, 'bare.sock');

async function serve(directory: string): Promise<ChildProcess> {
  const server = fork(PROCESS, [socketIn(directory)]);
  await once(server, 'message');
  return server;
}
