/** A running NVA and an agent for each of some NVEs, that come and go; and what each should hold. */
import assert from 'node:assert/strict';
import { NfvError, type ErrorCode } from '../../src/errors.js';
import type { Underlay } from '../../src/model/nve.js';
import { CompileIndex } from '../../src/nva/compiler/compile-index.js';
import { NveSessionClient } from '../../src/rpc/nve-client.js';
import { eventually } from './eventually.js';
import { FakeNve } from './fake-nve.js';
import { call, NvaHarness } from './nva-harness.js';

interface Agent {
  readonly fake: FakeNve;
  /** What its host has; told at each hello, and when it changes. */
  underlays: readonly Underlay[];
  connected: boolean;
  /** The session has ended, whoever ended it. */
  isOver: boolean;
}

/** How a session may end that nobody broke. */
const FAIR_ENDS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'NOT_FOUND',
  'SHUTTING_DOWN',
  'CANCELLED',
  // An NVA that stops, or an agent that leaves, does not wait for ever for the other to end it.
  'NVA_UNREACHABLE',
]);

const everything = { pageSize: 1000, pageToken: '', filter: '' };

export class AgentFleet {
  readonly #agents = new Map<string, Agent>();

  private constructor(readonly harness: NvaHarness) {}

  static async start(names: readonly string[]): Promise<AgentFleet> {
    const fleet = new AgentFleet(await NvaHarness.start());
    const client = new NveSessionClient();
    for (const name of names) {
      const fake = new FakeNve({ name, socket: fleet.harness.socket, client });
      fleet.#agents.set(name, { fake, underlays: [], connected: false, isOver: true });
    }
    return fleet;
  }

  async close(): Promise<void> {
    for (const name of this.#agents.keys()) await this.disconnect(name);
    await this.harness.close();
  }

  /** Begins to connect, again if it is connected; in vain if there is no such NVE. */
  async connect(name: string): Promise<void> {
    await this.disconnect(name);
    const agent = this.#agent(name);
    const { fake, underlays } = agent;
    await fake.connect({ underlays });
    agent.connected = true;
    agent.isOver = false;
    void fake.ended.then(() => (agent.isOver = true));
  }

  async disconnect(name: string): Promise<void> {
    const agent = this.#agent(name);
    if (!agent.connected) return;
    const { fake } = agent;
    // Whoever leaves before it was welcomed is told off.
    await arrival(agent);
    agent.connected = false;
    const { ended } = fake;
    await fake.disconnect();
    fairEnd(await ended);
  }

  /** The host's addresses are other ones now. */
  async moveUnderlay(name: string, underlays: readonly Underlay[]): Promise<void> {
    const agent = this.#agent(name);
    agent.underlays = underlays;
    if (!agent.connected) return;
    try {
      await agent.fake.stream.send({ kind: 'underlay_report', underlays });
    } catch (thrown) {
      fairEnd(thrown);
    }
  }

  async restartNva(): Promise<void> {
    for (const agent of this.#agents.values()) await arrival(agent);
    await this.harness.stopNva();
    for (const name of this.#agents.keys()) await this.disconnect(name);
    await this.harness.startNva();
  }

  /** If the NVA says that all is applied, it is, also on NVEs that are not connected. */
  async checkClaim(): Promise<void> {
    await this.#allHeard();
    const { applied } = await this.#wait(0, 100);
    if (applied) this.#compare(await this.#wanted());
  }

  /** What the agents said of their hosts has been taken in: nothing changes by itself any more. */
  async #allHeard(): Promise<void> {
    await eventually(async () => {
      const { resources } = await this.harness.client.nves.list(everything, call);
      for (const { id, status } of resources) {
        const { connected, isOver, underlays } = this.#agent(id);
        if (connected && !isOver) assert.deepEqual(status.underlays, underlays, id);
      }
    });
  }

  /** All agents connect; in the end each holds what a full compile gives its NVE, and no more. */
  async checkRest(lastChange: number): Promise<void> {
    const { resources } = await this.harness.client.nves.list(everything, call);
    for (const { id } of resources) await this.connect(id);
    await this.#allHeard();
    // An agent that is just connecting can still be behind by the time it is compared.
    await eventually(async () => {
      const { applied, laggards } = await this.#wait(0, 5000);
      assert.ok(applied, JSON.stringify(laggards));
      this.#compare(await this.#wanted());
    });
    const { applied, laggards } = await this.#wait(lastChange, 5000);
    assert.ok(applied, JSON.stringify(laggards));
  }

  #wait(revision: number, timeoutMs: number): ReturnType<NvaHarness['client']['waitApplied']> {
    return this.harness.client.waitApplied({ revision, timeoutMs }, call);
  }

  /** For each NVE the versions of its items, compiled from what the API has. */
  async #wanted(): Promise<Map<string, Map<string, string>>> {
    const { client } = this.harness;
    const index = new CompileIndex();
    for (const { id, spec, status } of (await client.nves.list(everything, call)).resources) {
      const withdrawn = status.state === 'DEAD';
      const { underlays } = status;
      index.load({ kind: 'Nve', id, after: { spec, underlays, withdrawn } });
    }
    for (const { id, spec } of (await client.virtualNetworks.list(everything, call)).resources) {
      index.load({ kind: 'VirtualNetwork', id, after: spec });
    }
    for (const { id, spec } of (await client.endpoints.list(everything, call)).resources) {
      index.load({ kind: 'Endpoint', id, after: spec });
    }
    return new Map([...index.nves()].map((nve) => [nve, versionsOf(index.full(nve).values())]));
  }

  #compare(wanted: ReadonlyMap<string, ReadonlyMap<string, string>>): void {
    for (const [name, versions] of wanted) {
      const held = versionsOf(this.#agent(name).fake.items.values());
      assert.deepEqual(new Map([...held].sort()), new Map([...versions].sort()), name);
    }
  }

  #agent(name: string): Agent {
    const agent = this.#agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    return agent;
  }
}

/** The NVA has answered, or ended it. */
async function arrival(agent: Agent): Promise<void> {
  await eventually(() => !agent.connected || agent.isOver || agent.fake.welcome !== undefined);
}

/** @throws that error, if it is no fair end */
function fairEnd(thrown: unknown): void {
  if (thrown === undefined) return;
  const error = NfvError.from(thrown);
  if (!FAIR_ENDS.has(error.code)) throw error;
}

function versionsOf(items: Iterable<{ key: string; version: string }>): Map<string, string> {
  return new Map([...items].map(({ key, version }) => [key, version]));
}
