/** One `nfvd nva` process with its store, its NVEs in other processes, and a client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Specified, Wanted } from '../../src/model/changes.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { call } from '../../test/support/nva-harness.js';
import { NvaDaemon } from '../nva/daemon.js';
import { filled } from '../nva/fill.js';
import { Fleet } from './fleet.js';
import type { ScaleModel, SpecifiedEndpoint } from './model.js';

/** Resources of one Apply; it is one transaction. */
export const BATCH = 1000;
const PROCESSES = 2;
const TIMEOUT_MS = 600_000;

export class World {
  readonly fleet = new Fleet(PROCESSES);
  readonly #client: NvaClient;

  private constructor(
    readonly directory: string,
    public nva: NvaDaemon,
  ) {
    const address = { kind: 'unix', path: nva.socket } as const;
    this.#client = new NvaClient({ address, timeoutMs: TIMEOUT_MS });
  }

  /** NFVD_BENCH_DIR is where its files go, as in nva.ts. @param model what is in the store from the beginning */
  static async create(model?: ScaleModel): Promise<World> {
    const directory = await mkdtemp(join(process.env['NFVD_BENCH_DIR'] ?? tmpdir(), 'nfvd-bench-'));
    if (model !== undefined) await filled(directory, (nva) => model.create(nva));
    return new World(directory, await NvaDaemon.start(directory));
  }

  /** Plan and Apply, so many at once as go into one transaction. @returns the last revision */
  async apply(resources: Iterable<Specified>): Promise<number> {
    let revision = 0;
    for (const batch of batches(resources)) {
      const wanted: Wanted[] = batch.map((put) => ({ put, etag: '' }));
      const plan = { wanted };
      const { hash } = await this.#client.changes.plan(plan, call);
      const applied = await this.#client.changes.apply(
        { plan, hash, requestId: '', confirmWithinMs: 0 },
        call,
      );
      ({ revision } = applied);
    }
    return revision;
  }

  /** @returns the revision */
  async create({ id, spec }: SpecifiedEndpoint): Promise<number> {
    const { endpoints } = this.#client;
    const { meta } = await endpoints.create({ id, spec, requestId: '', validateOnly: false }, call);
    return meta.revision;
  }

  /** Until each NVE concerned has said that it applied everything up to the revision; 0: the latest. */
  async applied(revision = 0): Promise<void> {
    const { laggards, applied } = await this.#client.waitApplied(
      { revision, timeoutMs: TIMEOUT_MS },
      call,
    );
    if (applied) return;
    const [first] = laggards;
    throw new Error(`${laggards.length} NVEs lag: ${first?.nve ?? ''} ${first?.reason ?? ''}`);
  }

  /** Each NVE has a session and holds all that it should, and the NVA knows. */
  async inSync(): Promise<void> {
    await this.fleet.inStep();
    await this.applied();
  }

  /** kill -9, and a new process on the same store. @returns seconds until that answers */
  async restartNva(): Promise<number> {
    const start = performance.now();
    await this.nva.stop('SIGKILL');
    this.nva = await NvaDaemon.start(this.directory);
    return (performance.now() - start) / 1000;
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.fleet.stop();
    await this.nva.stop();
    await rm(this.directory, { recursive: true });
  }
}

function* batches<T>(all: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const one of all) {
    batch.push(one);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
