/** A real NVA: LMDB in a directory of its own, gRPC on a socket, and a client. */
import { ANYBODY } from './anybody.js';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Call } from '../../src/model/api.js';
import { systemClock, type Clock } from '../../src/model/clock.js';
import type { LivenessTuning } from '../../src/nva/liveness/liveness.js';
import { Nva } from '../../src/nva/nva.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { RpcServer } from '../../src/rpc/server.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { Store } from '../../src/store/store.js';
import { nullLog } from './null-log.js';
import { tempDir } from './temp-dir.js';

const never = new AbortController().signal;
// Many calls at once wait on it.
setMaxListeners(0, never);

export const call: Call = { signal: never };

export interface HarnessOptions {
  readonly liveness?: LivenessTuning;
  readonly clock?: Clock;
  readonly vniRange?: { readonly min: number; readonly max: number };
  /** Of the store. */
  readonly txnOps?: number;
}

export class NvaHarness {
  readonly #dir = tempDir();
  readonly socket = join(this.#dir.path, 'nva.sock');
  readonly client: NvaClient;
  #running: { store: Store; nva: Nva; server: RpcServer } | undefined;

  private constructor(private readonly options: HarnessOptions) {
    this.client = new NvaClient({
      address: { kind: 'unix', path: this.socket },
      timeoutMs: 10_000,
    });
  }

  static async start(options: HarnessOptions = {}): Promise<NvaHarness> {
    const harness = new NvaHarness(options);
    await harness.startNva();
    return harness;
  }

  get nva(): Nva {
    return this.#get().nva;
  }

  get store(): Store {
    return this.#get().store;
  }

  #get(): { store: Store; nva: Nva; server: RpcServer } {
    if (this.#running === undefined) throw new Error('the NVA is stopped');
    return this.#running;
  }

  async startNva(): Promise<void> {
    const { txnOps } = this.options;
    const path = join(this.#dir.path, 'data');
    const store = await openLmdbStore({ path, ...(txnOps === undefined ? {} : { txnOps }) });
    const nva = await Nva.start({
      store,
      clock: this.options.clock ?? systemClock,
      log: nullLog,
      vniRange: this.options.vniRange ?? { min: 4096, max: 8191 },
      keepRevisions: 100_000,
      ...(this.options.liveness === undefined ? {} : { liveness: this.options.liveness }),
    });
    const server = new RpcServer({
      listeners: [{ address: { kind: 'unix', path: this.socket } }],
      nva: { api: nva, session: nva.session, ...ANYBODY },
    });
    await server.start();
    this.#running = { store, nva, server };
  }

  async stopNva(): Promise<void> {
    const { store, nva, server } = this.#get();
    this.#running = undefined;
    await nva.stop();
    await server.stop(1000);
    await store.close();
  }

  async close(): Promise<void> {
    this.client.close();
    if (this.#running !== undefined) await this.stopNva();
    this.#dir.remove();
  }
}
