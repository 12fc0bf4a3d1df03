/** Hosts on one underlay, one NVA, and the networks of the model over them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEW_NVE } from '../../src/model/nve.js';
import { NEW_VIRTUAL_NETWORK } from '../../src/model/virtual-network.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { call } from '../../test/support/nva-harness.js';
import { Netns } from '../../test/support/netns.js';
import { NvaDaemon } from '../nva/daemon.js';
import { Agent } from './agent.js';
import { endpoint, networkId, nveId, vtepOf } from './model.js';

const TIMEOUT_MS = 120_000;
const FIRST_VNI = 5000;
/** For interfaces to come; absent where the kernel has no IPv6. */
const NO_IPV6 = '/proc/sys/net/ipv6/conf/default/disable_ipv6';

/** Milliseconds of CPU used so far. */
export interface Cpu {
  readonly nva: number;
  readonly agents: readonly number[];
}

export class Rig {
  #endpoints = 0;

  private constructor(
    private readonly directory: string,
    private readonly wire: Netns,
    readonly nva: NvaDaemon,
    readonly client: NvaClient,
    readonly agents: readonly Agent[],
  ) {}

  /** `hosts` agents that are in step with the NVA, and nothing else. */
  static async create(hosts: number): Promise<Rig> {
    const directory = await mkdtemp(join(process.env['NFVD_BENCH_DIR'] ?? tmpdir(), 'nfvd-bench-'));
    const wire = await Netns.create();
    const options = ['stp_state', '0', 'mcast_snooping', '0'];
    await wire.ip('link', 'add', 'name', 'wire', 'up', 'type', 'bridge', ...options);
    const agents: Agent[] = [];
    for (let i = 0; i < hosts; i++) agents.push(await Agent.create(i, wire));
    const nva = await NvaDaemon.start(directory);
    const address = { kind: 'unix', path: nva.socket } as const;
    const client = new NvaClient({ address, timeoutMs: TIMEOUT_MS });
    for (let i = 0; i < hosts; i++) {
      const spec = { ...NEW_NVE, vtepAddresses: [vtepOf(i)] };
      await client.nves.create({ id: nveId(i), spec, requestId: '', validateOnly: false }, call);
    }
    await Promise.all(agents.map((agent) => agent.start(directory, nva.socket)));
    const rig = new Rig(directory, wire, nva, client, agents);
    await rig.applied(0);
    return rig;
  }

  async addNetwork(number: number): Promise<void> {
    const spec = { ...NEW_VIRTUAL_NETWORK, vni: FIRST_VNI + number };
    const request = { id: networkId(number), spec, requestId: '', validateOnly: false };
    await this.client.virtualNetworks.create(request, call);
  }

  /** Creates an endpoint that nobody had before; answers with its MAC and the revision. */
  async attach(network: number, nve: number): Promise<{ mac: string; revision: number }> {
    const guests = this.agents[nve]?.guests.name ?? '';
    const { id, spec } = endpoint(this.#endpoints++, networkId(network), nve, guests);
    const request = { id, spec, requestId: '', validateOnly: false };
    const { meta } = await this.client.endpoints.create(request, call);
    return { mac: spec.mac, revision: meta.revision };
  }

  /**
   * Guests that come from now on have no IPv6. A kernel that has says so to the whole network from each
   * interface, several times: a thousand guests hear a thousand of them, which is the bridges' work alone
   * (a quarter of a minute here).
   */
  async quietGuests(): Promise<void> {
    await Promise.all(
      this.agents.map(({ guests }) =>
        guests.run('sh', '-c', `test ! -e ${NO_IPV6} || echo 1 > ${NO_IPV6}`),
      ),
    );
  }

  async applied(revision: number): Promise<void> {
    const result = await this.client.waitApplied({ revision, timeoutMs: TIMEOUT_MS }, call);
    if (result.applied) return;
    const [first] = result.laggards;
    throw new Error(`${result.laggards.length} lag: ${first?.nve ?? ''} ${first?.reason ?? ''}`);
  }

  /** When a MAC was in the FDB of the last of these hosts. */
  async everywhere(mac: string, nves: readonly number[]): Promise<number> {
    const watches = nves.flatMap((nve) => this.agents[nve]?.fdb ?? []);
    return Math.max(...(await Promise.all(watches.map((fdb) => fdb.when(mac)))));
  }

  async cpuMs(): Promise<Cpu> {
    const agents = await Promise.all(this.agents.map((agent) => agent.cpuMs()));
    return { nva: await this.nva.cpuMs(), agents };
  }

  async close(): Promise<void> {
    this.client.close();
    for (const agent of this.agents) await agent.stop();
    await this.nva.stop();
    await this.wire.close();
    await rm(this.directory, { recursive: true });
  }
}
