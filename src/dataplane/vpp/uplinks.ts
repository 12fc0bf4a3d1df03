/**
 * VPP's interfaces to the underlay. They are the host's, not an NVA's: the agent's configuration says
 * which there are to be, and they are made whole when a VTEP's address is wanted of them.
 */
import { NfvError } from '../../errors.js';
import { createHostInterface } from './af-packet.js';
import { pathVia } from './fib-path.js';
import { isMember, readAddresses, readInterfaces, UPLINK } from './read-interfaces.js';
import { hasRoute } from './route.js';
import { SharedWork } from './shared-work.js';
import { tagOf } from './tag.js';
import type { Interface } from './view.js';
import type { Vpp } from './vpp.js';

export interface UplinkRoute {
  /** `address/length`. */
  readonly to: string;
  readonly via: string;
}

export interface Uplink {
  /** VPP's name of an interface that is there, such as a DPDK port; or */
  readonly interface?: string;
  /** a kernel interface for VPP to take by af_packet. VPP's own is called `host-NAME` then. */
  readonly hostInterface?: string;
  /** `address/length`. */
  readonly addresses: readonly string[];
  /** Bytes of a packet that the underlay carries. VPP takes 9000 for every interface of Ethernet. */
  readonly mtu: number;
  readonly routes: readonly UplinkRoute[];
}

const TABLE = 0;

export class Uplinks {
  readonly #made = new SharedWork<void>();
  readonly #found = new SharedWork<Interface | undefined>();

  constructor(readonly all: readonly Uplink[]) {}

  /** An uplink of the configuration has it, whether it is made yet or not. @param name VPP's */
  has(name: string): boolean {
    return this.all.some((uplink) => nameOf(uplink) === name);
  }

  /** The uplink that is to have a VTEP's address. */
  withAddress(address: string): Uplink | undefined {
    return this.all.find(({ addresses }) => addresses.some((each) => bare(each) === address));
  }

  /**
   * The interface of VPP that has an address; undefined: none. Asked by each of a wave's bridge
   * domains that have a group: all interfaces are read for all of them.
   */
  interfaceWith(address: string, vpp: Vpp): Promise<Interface | undefined> {
    return this.#found.do(`${vpp.start} ${address}`, () => interfaceWith(address, vpp));
  }

  /**
   * Makes an uplink as configured, whatever of it is there; once for all VTEPs on it in a wave.
   * @throws NfvError VTEP_ADDRESS_MISSING if VPP has no such interface; VPP_REFUSED
   */
  make(uplink: Uplink, vpp: Vpp): Promise<void> {
    return this.#made.do(`${vpp.start} ${nameOf(uplink)}`, () => make(uplink, vpp));
  }

  /** See `View.missingRoutes`. */
  async missingRoutes(vpp: Vpp): Promise<ReadonlyMap<string, readonly string[]>> {
    const missing = new Map<string, readonly string[]>();
    await Promise.all(
      this.all.map(async ({ addresses, routes }) => {
        const are = await Promise.all(routes.map(({ to, via }) => hasRoute(to, via, vpp)));
        const lacking = routes
          .filter((_, i) => are[i] === false)
          .map(({ to, via }) => `${to} via ${via}`);
        for (const address of addresses) missing.set(bare(address), lacking);
      }),
    );
    return missing;
  }
}

async function interfaceWith(address: string, vpp: Vpp): Promise<Interface | undefined> {
  const interfaces = await readInterfaces(vpp);
  const found = (await readAddresses(interfaces, vpp)).find((each) => each.address === address);
  return found && interfaces.find(({ index }) => index === found.index);
}

async function make(uplink: Uplink, vpp: Vpp): Promise<void> {
  const interfaces = await readInterfaces(vpp);
  const index = await findOrTake(uplink, interfaces, vpp);
  const itself = interfaces.filter((each) => each.index === index);
  const found = await readAddresses(itself, vpp);
  const has = new Set(found.map(({ address, prefixLength }) => `${address}/${prefixLength}`));
  await vpp.request('sw_interface_set_flags', {
    sw_if_index: index,
    flags: ['IF_STATUS_API_FLAG_ADMIN_UP'],
  });
  const mtu = [uplink.mtu, 0, 0, 0] as const;
  await vpp.request('sw_interface_set_mtu', { sw_if_index: index, mtu });
  const missing = uplink.addresses.filter((address) => !has.has(address));
  await Promise.all(missing.map((address) => addAddress(index, address, vpp)));
  await Promise.all(uplink.routes.map((route) => addRoute(route, index, vpp)));
}

/** VPP's name of the interface. */
export function nameOf({ interface: name, hostInterface = '' }: Uplink): string {
  return name ?? `host-${hostInterface}`;
}

export function bare(prefix: string): string {
  return prefix.split('/', 1)[0] ?? prefix;
}

async function findOrTake(
  uplink: Uplink,
  interfaces: readonly Interface[],
  vpp: Vpp,
): Promise<number> {
  const name = nameOf(uplink);
  const found = interfaces.find((each) => each.name === name);
  if (found !== undefined) return notMember(found).index;
  if (uplink.hostInterface === undefined) {
    throw new NfvError('VTEP_ADDRESS_MISSING', `VPP has no interface ${name}`, {
      metadata: { interface: name },
    });
  }
  const index = await createHostInterface(uplink.hostInterface, vpp);
  await vpp.request('sw_interface_tag_add_del', {
    is_add: true,
    sw_if_index: index,
    tag: tagOf(`${UPLINK}${name}`),
  });
  return index;
}

/** @throws NfvError FOREIGN_OBJECT: it carries the frames of a network, and an address would end that */
function notMember(found: Interface): Interface {
  if (!isMember(found.tag)) return found;
  const { name, tag } = found;
  throw new NfvError('FOREIGN_OBJECT', `the uplink ${name} is a port or a tunnel: ${tag}`, {
    metadata: { interface: name, tag },
    remedy: 'give the endpoint another interface, or take the uplink out of the configuration',
  });
}

async function addAddress(index: number, prefix: string, vpp: Vpp): Promise<void> {
  const address = { sw_if_index: index, is_add: true, del_all: false, prefix };
  await vpp.request('sw_interface_add_del_address', address);
}

/** A route that is there already is put over it, which changes nothing (fib_table_entry_path_add). */
async function addRoute({ to, via }: UplinkRoute, index: number, vpp: Vpp): Promise<void> {
  const path = pathVia(via, { index });
  const route = { table_id: TABLE, stats_index: 0, prefix: to, paths: [path] };
  if (vpp.has('ip_route_add_del_v2')) {
    const flat = { is_add: true, is_multipath: false, route: { ...route, src: 0 } };
    await vpp.request('ip_route_add_del_v2', flat);
  } else await vpp.request('ip_route_add_del', { is_add: true, is_multipath: false, route });
}
