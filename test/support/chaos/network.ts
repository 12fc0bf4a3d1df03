/**
 * The machines of a campaign: a namespace each, on one control network, which links and cuts them. The
 * hosts have an underlay besides, which nobody ever touches.
 */
import { cable, Netns } from '../netns.js';

/** Nobody has it: what goes there is lost without a word. */
const NOBODY = '02:de:ad:00:00:01';
const CONTROL = 'c0';

export class Machine {
  constructor(
    readonly name: string,
    readonly ns: Netns,
    /** On the control network. */
    readonly address: string,
    /** Its port there. */
    readonly port: string,
  ) {}
}

export class ChaosNetwork {
  readonly #namespaces: Netns[] = [];
  #count = 0;
  readonly #cuts = new Set<string>();

  private constructor(
    private readonly control: Netns,
    private readonly underlay: Netns,
  ) {
    this.#namespaces.push(control, underlay);
  }

  static async create(): Promise<ChaosNetwork> {
    const network = new ChaosNetwork(await Netns.create(), await Netns.create());
    const options = ['type', 'bridge', 'stp_state', '0', 'mcast_snooping', '0'];
    for (const ns of [network.control, network.underlay]) {
      await ns.ip('link', 'add', 'name', 'wire', 'up', ...options);
    }
    return network;
  }

  async namespace(): Promise<Netns> {
    const ns = await Netns.create();
    this.#namespaces.push(ns);
    return ns;
  }

  async machine(name: string): Promise<Machine> {
    const ns = await this.namespace();
    const address = `10.9.0.${++this.#count}`;
    const port = `p${this.#count}`;
    await plug(ns, CONTROL, this.control, port, `${address}/24`);
    return new Machine(name, ns, address, port);
  }

  /** The underlay's interface of a host: `u0`. */
  async joinUnderlay({ ns, port }: Machine, address: string): Promise<void> {
    await plug(ns, 'u0', this.underlay, port, `${address}/24`);
  }

  /** Neither hears the other any more; connections between them stay open and silent. */
  async cut(a: Machine, b: Machine): Promise<void> {
    this.#cuts.add(`${a.name} ${b.name}`);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const dead = ['lladdr', NOBODY, 'nud', 'permanent', 'dev', CONTROL];
      await from.ns.ip('neigh', 'replace', to.address, ...dead);
    }
  }

  async join(a: Machine, b: Machine): Promise<void> {
    if (!this.#cuts.delete(`${a.name} ${b.name}`)) return;
    await a.ns.ip('neigh', 'del', b.address, 'dev', CONTROL);
    await b.ns.ip('neigh', 'del', a.address, 'dev', CONTROL);
  }

  /** Pulls the machine's cable to the control network, or plugs it in again. */
  async setCable({ port }: Machine, state: 'up' | 'down'): Promise<void> {
    await this.control.ip('link', 'set', 'dev', port, state);
  }

  async close(): Promise<void> {
    for (const ns of this.#namespaces.reverse()) await ns.close();
  }
}

async function plug(
  ns: Netns,
  name: string,
  wire: Netns,
  port: string,
  address: string,
): Promise<void> {
  await cable([ns, name], [wire, port]);
  await wire.ip('link', 'set', 'dev', port, 'master', 'wire');
  await ns.ip('addr', 'add', address, 'dev', name);
}
