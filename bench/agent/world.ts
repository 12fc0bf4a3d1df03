/** One NVA, one host with a real agent, and all others' endpoints on an NVE that only pretends. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEW_ENDPOINT } from '../../src/model/endpoint.js';
import { NEW_NVE } from '../../src/model/nve.js';
import { NEW_VIRTUAL_NETWORK } from '../../src/model/virtual-network.js';
import { NvaClient } from '../../src/rpc/nva-client.js';
import { Daemon, DaemonFiles, nfvd, type LogLine } from '../../test/support/daemon.js';
import { FakeNve } from '../../test/support/fake-nve.js';
import { cable, Netns } from '../../test/support/netns.js';
import { call } from '../../test/support/nva-harness.js';
import { NvaDaemon } from '../nva/daemon.js';
import { endpoint } from '../fabric/model.js';
import { Wire } from './wire.js';

const NAME = 'nve-0';
const FAR = 'nve-1';
const NETWORK = 'net-0';
const VNI = 5000;
const VTEP = '10.98.0.1';
const FAR_VTEP = '10.98.0.2';
const CALLERS = 64;
const TIMEOUT_MS = 120_000;

export class World {
  #agent: Daemon | undefined;
  #far: FakeNve | undefined;

  private constructor(
    private readonly directory: string,
    private readonly nva: NvaDaemon,
    private readonly client: NvaClient,
    private readonly host: Netns,
    private readonly others: readonly [guest: Netns, wires: Netns],
    readonly wire: Wire,
    private readonly files: DaemonFiles,
  ) {}

  static async create(): Promise<World> {
    const directory = await mkdtemp(join(process.env['NFVD_BENCH_DIR'] ?? tmpdir(), 'nfvd-bench-'));
    const nva = await NvaDaemon.start(directory);
    const address = { kind: 'unix', path: nva.socket } as const;
    const client = new NvaClient({ address, timeoutMs: TIMEOUT_MS });
    const host = await Netns.create();
    const wires = await Netns.create();
    await cable([host, 'u0'], [wires, 'u0']);
    await host.ip('addr', 'add', `${VTEP}/24`, 'dev', 'u0');
    const files = new DaemonFiles(directory);
    const wire = await Wire.open(files.socket('wire'), nva.socket);
    const guest = await Netns.create();
    const world = new World(directory, nva, client, host, [guest, wires], wire, files);
    await world.#populate();
    return world;
  }

  async #populate(): Promise<void> {
    for (const [id, vtep] of [
      [NAME, VTEP],
      [FAR, FAR_VTEP],
    ] as const) {
      const spec = { ...NEW_NVE, vtepAddresses: [vtep] };
      await this.client.nves.create({ id, spec, requestId: '', validateOnly: false }, call);
    }
    const spec = { ...NEW_VIRTUAL_NETWORK, vni: VNI };
    const network = { id: NETWORK, spec, requestId: '', validateOnly: false };
    await this.client.virtualNetworks.create(network, call);
    this.#far = new FakeNve({ name: FAR, socket: this.nva.socket });
    await this.#far.connect();
  }

  /** So many endpoints on the other NVE; two mappings each for whoever is in the network. */
  async populate(endpoints: number): Promise<void> {
    let next = 0;
    const caller = async (): Promise<void> => {
      while (next < endpoints) {
        const { id, spec } = endpoint(next++, NETWORK, 1, 'far');
        await this.client.endpoints.create({ id, spec, requestId: '', validateOnly: false }, call);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  }

  /** The host gets an endpoint, and with it all mappings; answers when it has applied them. */
  async join(): Promise<void> {
    const port = {
      kind: 'veth',
      netns: this.others[0].name,
      interface: 'e',
      hostInterface: '',
    } as const;
    const spec = { ...NEW_ENDPOINT, network: NETWORK, nve: NAME, port };
    await this.client.endpoints.create(
      { id: 'here', spec, requestId: '', validateOnly: false },
      call,
    );
    await this.applied();
  }

  async applied(): Promise<void> {
    const result = await this.client.waitApplied({ revision: 0, timeoutMs: TIMEOUT_MS }, call);
    const [first] = result.laggards;
    if (first !== undefined) throw new Error(`${first.nve} lags: ${first.code} ${first.reason}`);
  }

  /** `interval`: between checks of everything. */
  async startAgent(interval = '30s'): Promise<void> {
    const nva = [{ address: `unix:${this.files.socket('wire')}` }];
    const config = this.files.nve(NAME, { nva, drift: { interval } });
    this.#agent = await Daemon.start(['nve', '--config', config], this.host);
  }

  async stopAgent(): Promise<void> {
    await this.#running.stop();
    this.#agent = undefined;
  }

  /** What the agent holds, and, if told so, what is in the kernel, is gone. */
  async forget(kernelToo: boolean): Promise<void> {
    const { code, stderr } = await nfvd(['nve', '--config', this.files.nve(NAME), 'forget']);
    if (code !== 0) throw new Error(stderr);
    if (!kernelToo) return;
    for (const { ifname } of await this.host.json('ip', 'link', 'show', 'group', '1852208740')) {
      // What the filter left out is there without a name.
      if (typeof ifname === 'string') await this.host.ip('link', 'del', 'dev', ifname);
    }
  }

  /** The next `count` lines of its log that are such. */
  async logged(is: (line: LogLine) => boolean, count: number): Promise<readonly LogLine[]> {
    const found: LogLine[] = [];
    for (let seen = this.#running.lines.length; found.length < count;) {
      const line = await this.#running.logged(is, seen);
      found.push(line);
      seen = this.#running.lines.indexOf(line, seen) + 1;
    }
    return found;
  }

  /** Its word that it has connected, the next one or that after the first `seen` lines. */
  connected(seen = this.#running.lines.length): Promise<LogLine> {
    return this.#running.logged('connected to NVA', seen);
  }

  /** All that it has logged. */
  get lines(): readonly LogLine[] {
    return this.#running.lines;
  }

  /** Megabytes (10^6 bytes): resident now, and at most so far. */
  async memoryMb(): Promise<{ readonly now: number; readonly peak: number }> {
    const status = await readFile(`/proc/${this.#running.pid}/status`, 'utf8');
    const of = (field: string): number =>
      (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
    return { now: of('VmRSS'), peak: of('VmHWM') };
  }

  /** Milliseconds of CPU of the agent itself. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#running.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  get #running(): Daemon {
    if (this.#agent === undefined) throw new Error('the agent does not run');
    return this.#agent;
  }

  async close(): Promise<void> {
    this.client.close();
    if (this.#agent !== undefined) await this.stopAgent();
    await this.#far?.disconnect();
    await this.wire.close();
    await this.nva.stop();
    await this.host.close();
    for (const other of this.others) await other.close();
    await rm(this.directory, { recursive: true });
  }
}
