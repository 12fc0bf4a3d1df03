/** How uplinks that the agent makes are tried, on the emulator and on a real VPP. */
import assert from 'node:assert/strict';
import type { DevicePort, Uplink } from '../../src/dataplane/vpp/uplink/uplink.js';
import type { Payload } from '../../src/model/item.js';
import type { DetailsOf } from '../../src/vpp-api/product-types.js';
import { eventually } from './eventually.js';
import { vtepItem } from './linux-items.js';
import { PortFiles } from './port-files.js';
import { steps, VppDataplaneRig } from './vpp-dataplane-rig.js';
import {
  ClientUnderTest,
  ALL_INTERFACES,
  overSocket,
  type VppUnderTest,
} from './vpp-under-test.js';

export interface UplinkParts {
  readonly create: () => VppUnderTest;
  /** An interface of the kernel where VPP runs. */
  readonly hostInterface: string;
  /** PCI functions that VPP's driver "nfvt" takes; two. */
  readonly functions: () => readonly string[];
}

export const L = '10.9.0.1';
export const WANTED: readonly Payload[] = [vtepItem(L)];

export const at = (given: Partial<Uplink>): Uplink => ({
  addresses: [`${L}/24`],
  mtu: 1500,
  routes: [],
  ...given,
});

/** A VPP, an operator's client of it, and one agent after the other. */
export class UplinkWorld {
  readonly files = new PortFiles();
  #agent: VppDataplaneRig | undefined;

  private constructor(
    readonly parts: UplinkParts,
    readonly vpp: VppUnderTest,
    private readonly operator: ClientUnderTest,
  ) {}

  static async create(parts: UplinkParts): Promise<UplinkWorld> {
    const vpp = parts.create();
    await vpp.start();
    return new UplinkWorld(parts, vpp, await ClientUnderTest.ready(overSocket(vpp)));
  }

  async close(): Promise<void> {
    await this.#agent?.close();
    await this.operator.client.close();
    await this.vpp.remove();
    this.files.remove();
  }

  get client(): ClientUnderTest['client'] {
    return this.operator.client;
  }

  device(change: Partial<DevicePort> = {}): DevicePort {
    return {
      pci: this.parts.functions()[0] ?? '',
      driver: 'nfvt',
      args: '',
      port: 0,
      name: 'up0',
      rxQueues: 0,
      txQueues: 0,
      rxQueueSize: 0,
      txQueueSize: 0,
      portArgs: '',
      ...change,
    };
  }

  /** Another agent, or the same one started again with another configuration. */
  async agent(...uplinks: readonly Uplink[]): Promise<VppDataplaneRig> {
    await this.#agent?.close();
    this.#agent = await VppDataplaneRig.create(this.vpp, uplinks, this.files, this.operator);
    await this.#agent.ready();
    return this.#agent;
  }

  /** An agent with these makes the VTEP's address be there, in one pass; one started again has nothing to do. */
  async becomes(...uplinks: readonly Uplink[]): Promise<void> {
    await (await this.agent(...uplinks)).converge(WANTED);
    const again = await this.agent(...uplinks);
    assert.deepEqual(steps(await again.plan(WANTED)), []);
  }

  /** What an agent with these fails with. */
  async failures(...uplinks: readonly Uplink[]): Promise<readonly string[]> {
    const agent = await this.agent(...uplinks);
    return await agent.apply(await agent.plan(WANTED));
  }

  async restartVpp(): Promise<void> {
    await this.vpp.kill();
    await eventually(() => this.client.state !== 'ready');
    await this.vpp.start();
    await this.client.ready(AbortSignal.timeout(30_000));
    await this.#agent?.ready();
  }

  async dump(): Promise<DetailsOf<'sw_interface_dump'>[]> {
    return await this.client.dump('sw_interface_dump', ALL_INTERFACES);
  }

  async named(name: string): Promise<DetailsOf<'sw_interface_dump'>> {
    const found = (await this.dump()).find((each) => each.interface_name === name);
    return found ?? assert.fail(`no interface ${name}`);
  }

  /** VPP's own command line. */
  async cli(cmd: string): Promise<string> {
    return (await this.client.request('cli_inband', { cmd })).reply;
  }

  /** `ID DRIVER: PORT NAME…` of each device that is attached, by the command line. */
  async devices(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const line of (await this.cli('show device')).split('\n')) {
      const [, id] = /^device '(.*)':/.exec(line) ?? [];
      const [, driver] = /^ {2}Driver is '(\w+)'/.exec(line) ?? [];
      const [, port] = /^ {2}Port (\d+):/.exec(line) ?? [];
      const [, name] = /primary interface name is '(.*?)'/.exec(line) ?? [];
      if (id !== undefined) found.push(id);
      else if (driver !== undefined) found.push(`${found.pop() ?? ''} ${driver}:`);
      else if (port !== undefined) found.push(`${found.pop() ?? ''} ${port}`);
      else if (name !== undefined) found.push(`${found.pop() ?? ''} ${name}`);
    }
    return found;
  }

  /** Of all interfaces, VPP's own left out. */
  async names(): Promise<readonly string[]> {
    const all = (await this.dump()).map((each) => each.interface_name);
    return all.filter((name) => name !== 'local0').sort();
  }

  /** `NAME ADDRESS/LENGTH` of every interface, sorted. */
  async addresses(): Promise<readonly string[]> {
    const all = await Promise.all(
      (await this.dump()).map(async ({ sw_if_index, interface_name: name }) => {
        const found = await this.client.dump('ip_address_dump', { sw_if_index, is_ipv6: false });
        return found.map(({ prefix }) => `${name} ${prefix}`);
      }),
    );
    return all.flat().sort();
  }
}
