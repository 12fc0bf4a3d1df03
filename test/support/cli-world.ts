/** An NVA in memory with something in it, and nfvctl to look at it. */
import { NEW_ENDPOINT } from '../../src/model/endpoint.js';
import { NEW_NVE } from '../../src/model/nve.js';
import { NEW_ROUTER } from '../../src/model/router.js';
import { NEW_SUBNET } from '../../src/model/subnet.js';
import { NEW_VIRTUAL_NETWORK } from '../../src/model/virtual-network.js';
import { connectTo, nfvctl, startNfvctl, type CliOptions, type Ran, type Running } from './cli.js';
import { FakeClock } from './fake-clock.js';
import { MemoryNva } from './memory-nva.js';

const REST = { requestId: '', validateOnly: false };

export class CliWorld {
  readonly clock = new FakeClock();
  readonly nva = new MemoryNva(this.clock);

  /** Networks blue and red, NVEs host-a and host-b, endpoint web-1: revisions 1 to 5. */
  static async create(): Promise<CliWorld> {
    const world = new CliWorld();
    const { nva } = world;
    await nva.virtualNetworks.create({
      id: 'blue',
      spec: { ...NEW_VIRTUAL_NETWORK, vni: 100, tenant: 'acme', prefixes: ['10.0.0.0/24'] },
      ...REST,
    });
    await nva.virtualNetworks.create({
      id: 'red',
      spec: { ...NEW_VIRTUAL_NETWORK, vni: 200 },
      ...REST,
    });
    const labels = { site: 'a' };
    const hostA = { ...NEW_NVE, vtepAddresses: ['10.77.0.1'], labels };
    await nva.nves.create({ id: 'host-a', spec: hostA, ...REST });
    const hostB = { ...NEW_NVE, vtepAddresses: ['10.77.0.2'] };
    await nva.nves.create({ id: 'host-b', spec: hostB, ...REST });
    await world.addEndpoint('web-1');
    return world;
  }

  /** In network blue, on host-a. */
  async addEndpoint(id: string): Promise<void> {
    const number = this.nva.endpoints.all.length + 1;
    await this.nva.endpoints.create({
      id,
      spec: {
        ...NEW_ENDPOINT,
        network: 'blue',
        nve: 'host-a',
        port: { kind: 'veth', netns: id, interface: 'eth0', hostInterface: '' },
        mac: `02:00:00:00:00:0${number}`,
        ips: [`10.0.0.${10 + number}`],
      },
      ...REST,
    });
  }

  /** Subnets blue-v4 and red-v4, and router r1 with blue-v4: three revisions more. */
  async addRouting(): Promise<void> {
    const { subnets, routers } = this.nva;
    const blue = { ...NEW_SUBNET, network: 'blue', prefix: '10.0.0.0/24' };
    const red = { ...NEW_SUBNET, network: 'red', prefix: '10.2.0.0/24' };
    await subnets.create({ id: 'blue-v4', spec: blue, ...REST });
    await subnets.create({ id: 'red-v4', spec: red, ...REST });
    const spec = { ...NEW_ROUTER, tenant: 'acme', vrfId: 7, subnets: ['blue-v4'] };
    await routers.create({ id: 'r1', spec, ...REST });
  }

  /** Runs `nfvctl LINE`; words are apart by one space. */
  run(line: string, options: CliOptions = {}): Promise<Ran> {
    return nfvctl(line.split(' '), this.#options(options));
  }

  start(line: string, options: CliOptions = {}): Running {
    return startNfvctl(line.split(' '), this.#options(options));
  }

  #options(options: CliOptions): CliOptions {
    return { connect: connectTo(this.nva), clock: this.clock, ...options };
  }
}
