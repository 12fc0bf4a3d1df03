/**
 * An agent with a real store and a real stream, a dataplane in memory, and a clock that the test
 * moves; its NVA is played by the test.
 */
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Item } from '../../src/model/item.js';
import type { Delta, Epoch, FromNva, Welcome } from '../../src/model/southbound.js';
import { Agent } from '../../src/nve/agent.js';
import { DEFAULT_TUNING, type ReconcilerTuning } from '../../src/reconcile/options.js';
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import { openLmdbStore } from '../../src/store/lmdb/store.js';
import type { Store } from '../../src/store/store.js';
import { eventually } from './eventually.js';
import { FakeClock } from './fake-clock.js';
import { MemoryDataplane } from './memory-dataplane.js';
import { MemoryLog } from './null-log.js';
import { ScriptedNva, type NvaEnd } from './scripted-nva.js';
import { tempDir } from './temp-dir.js';

export interface RigOptions {
  readonly dataplane?: MemoryDataplane;
  readonly tuning?: Partial<ReconcilerTuning>;
  /** Stands between the agent and its store. */
  readonly around?: (store: Store) => Store;
  /** Sockets of the NVA's replicas, in the rig's directory; `nva.sock` is the one that answers. */
  readonly replicas?: readonly string[];
}

export const STORE: Epoch = { storeId: 'store-1', number: 5 };

export const welcome = (change: Partial<Welcome> = {}): Welcome => ({
  kind: 'welcome',
  protocolVersion: 1,
  epoch: STORE,
  revision: 10,
  sendHeldItems: true,
  maxInFlight: 4,
  ...change,
});

export const delta = (upserts: readonly Item[], change: Partial<Delta> = {}): Delta => ({
  kind: 'delta',
  sequence: 1,
  epoch: STORE.number,
  revision: 10,
  upserts,
  removes: [],
  complete: true,
  ...change,
});

const client = new NveSessionClient();

export class AgentRig {
  readonly #dir = tempDir();
  readonly #socket = join(this.#dir.path, 'nva.sock');
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();
  /** What it said of its workload: there is much to do, and it is done, in turn. */
  readonly workload: boolean[] = [];
  readonly dataplane: MemoryDataplane;
  #nva: ScriptedNva | undefined;
  #running: { readonly agent: Agent; readonly store: Store } | undefined;

  private constructor(private readonly options: RigOptions) {
    this.dataplane = options.dataplane ?? new MemoryDataplane();
  }

  /** With an NVA that listens, and an agent that has connected to it. */
  static async start(options: RigOptions = {}): Promise<AgentRig> {
    const rig = new AgentRig(options);
    await rig.startNva();
    await rig.startAgent();
    return rig;
  }

  get nva(): ScriptedNva {
    if (this.#nva === undefined) throw new Error('no NVA');
    return this.#nva;
  }

  get agent(): Agent {
    return this.#get().agent;
  }

  /** The agent's own, without what stands between them. */
  get store(): Store {
    return this.#get().store;
  }

  #get(): { readonly agent: Agent; readonly store: Store } {
    if (this.#running === undefined) throw new Error('no agent');
    return this.#running;
  }

  async startNva(): Promise<void> {
    this.#nva = await ScriptedNva.start(this.#socket);
  }

  stopNva(): void {
    this.#nva?.stop();
    this.#nva = undefined;
  }

  async startAgent(name = 'host-a'): Promise<void> {
    const { around = (s: Store) => s, tuning, replicas = ['nva.sock'] } = this.options;
    const store = await openLmdbStore({ path: join(this.#dir.path, 'state') });
    const agent = await Agent.start({
      name,
      agentVersion: '0.0.0-test',
      store: around(store),
      dataplane: this.dataplane,
      replicas: replicas.map((name) => () => {
        const path = join(this.#dir.path, name);
        return client.connect({ kind: 'unix', path }, undefined);
      }),
      tuning: { ...DEFAULT_TUNING, drift: { intervalMs: 0, policy: 'repair' }, ...tuning },
      retry: { initialMs: 200, soonMs: 1000, soonRounds: 60, maxMs: 10_000 },
      clock: this.clock,
      random: () => 0.5,
      makeUuid: () => 'uuid-1',
      log: this.log,
      onWorkload: (isMuch) => this.workload.push(isMuch),
    }).catch(async (error: unknown) => {
      await store.close();
      throw error;
    });
    this.#running = { agent, store };
  }

  async stopAgent(): Promise<void> {
    const { agent, store } = this.#get();
    this.#running = undefined;
    await agent.stop();
    await store.close();
  }

  /** Lets time pass until it is so, a little at a time. */
  async until<T>(check: () => T | Promise<T>): Promise<Exclude<T, false>> {
    return await eventually(
      async () => {
        await this.clock.advance(20);
        return await check();
      },
      5000,
      2,
    );
  }

  /** The next session that opens after the first `seen`, once it has said hello. */
  async session(seen = 0): Promise<NvaEnd> {
    return await this.until(() => {
      const session = this.nva.sessions.slice(seen).at(-1);
      if (session === undefined || session.received.length === 0) return false;
      return session;
    });
  }

  /** Welcomes the agent and brings it these items, until it has reported on them. */
  async sync(items: readonly Item[], change: Partial<Delta> = {}): Promise<NvaEnd> {
    const session = await this.session();
    session.send(welcome({ revision: change.revision ?? 10 }));
    await this.until(() => session.of('held_items').some(({ last }) => last));
    await this.answer(session, delta(items, change));
    await this.until(() => this.agent.status().isSettled);
    const revision = change.revision ?? 10;
    await this.until(() => session.of('item_reports').some((m) => m.settledRevision === revision));
    return session;
  }

  /** Sends a message, and answers with the reply to it: 'stored' or the code of its refusal. */
  async answer(session: NvaEnd, message: FromNva | Buffer): Promise<string> {
    const before = session.of('delta_reply').length;
    if (Buffer.isBuffer(message)) session.sendBytes(message);
    else session.send(message);
    return await this.until(() => {
      const reply = session.of('delta_reply')[before];
      return reply === undefined ? false : (reply.error?.code ?? 'stored');
    });
  }

  /** Everything in the store, as comparable text. */
  async stored(prefix = ''): Promise<readonly string[]> {
    const lines: string[] = [];
    for (let after = '', more = true; more;) {
      const page = await this.store.range({ prefix, after });
      for (const { key, value } of page.kvs) lines.push(`${key} ${value}`);
      after = page.kvs.at(-1)?.key ?? '';
      ({ more } = page);
    }
    return lines;
  }

  /** What was logged since the last time: "warn no session with the NVA CODE". */
  takeLog(): readonly string[] {
    return this.log.lines.splice(0).flatMap(({ level, message, fields }) => {
      if (level === 'debug') return [];
      const code = 'code' in fields ? ` ${String(fields.code)}` : '';
      return [`${level} ${message}${code}`];
    });
  }

  async close(): Promise<void> {
    this.stopNva();
    if (this.#running !== undefined) await this.stopAgent();
    await turn();
    this.#dir.remove();
  }
}
