/**
 * VPP's interfaces to the underlay. They are the host's, not an NVA's: the agent's configuration says
 * which there are to be, and they are made whole when a VTEP's address is wanted of them.
 */
import { NfvError } from '../../../errors.js';
import type { Bdf } from '../../../model/host/inventory.js';
import type { HostDoors } from '../host-doors.js';
import { endGroupTunnels } from '../group-tunnels.js';
import { readAddresses, readInterfaces } from '../read-interfaces.js';
import { dumpTunnels, type TunnelDetails } from '../read-tunnels.js';
import { SharedWork } from '../shared-work.js';
import type { Uplink } from './uplink.js';
import { readPciNames } from './uplink-found.js';
import { makeUplink } from './uplink-making.js';
import type { UplinkMeans, UplinkView } from './uplink-part.js';
import { removeLeftover } from './uplink-addresses.js';
import { removeUplink } from './uplink-removal.js';
import { UplinkRoutes } from './uplink-routes.js';
import { differing, lookAtUplinks } from './uplink-sights.js';
import { UplinkTable } from './uplink-table.js';
import { NO_SIGHTS, type Address, type Interface, type Tap, type UplinkSights } from '../view.js';
import { NO_INTERFACE, type Vpp } from '../vpp.js';

export class Uplinks {
  readonly #table: UplinkTable;
  readonly #routes: UplinkRoutes;
  readonly #made = new SharedWork<void>();
  readonly #tunnels = new SharedWork<readonly TunnelDetails[]>();
  readonly #found = new SharedWork<Interface | undefined>();
  readonly #ended = new SharedWork<ReadonlyMap<string, NfvError>>();
  /** One at a time is made: several may be on one device, or one carries another. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What VPP told last, and which start of it. */
  #onPci: { readonly start: number; readonly names: UplinkView['onPci'] } | undefined;

  /** @param providers interfaces to physical networks, by the names that networks call them by */
  constructor(
    all: readonly Uplink[],
    readonly providers: ReadonlyMap<string, string>,
    private readonly host: Pick<HostDoors, 'interfaceIndex'>,
  ) {
    this.#table = new UplinkTable(all);
    this.#routes = new UplinkRoutes(all);
  }

  /** An uplink of the configuration has it, whether it is made yet or not. @param name VPP's */
  has(name: string): boolean {
    return (
      this.#table.named(name) !== undefined ||
      [...this.providers.values()].includes(name) ||
      this.#pcis.some((pci) => this.#onPci?.names.get(pci)?.includes(name) === true)
    );
  }

  /** @param name VPP's, or as the configuration has it */
  named(name: string): Uplink | undefined {
    return this.#table.named(name);
  }

  /** The uplink that is to have a VTEP's address. */
  withAddress(address: string): Uplink | undefined {
    return this.#table.withAddress(address);
  }

  /**
   * The interface of VPP that has an address; undefined: none. Asked by each of a wave's bridge
   * domains that have a group: all interfaces are read for all of them.
   */
  interfaceWith(address: string, vpp: Vpp): Promise<Interface | undefined> {
    return this.#found.do(`${vpp.start} ${address}`, async () => {
      const view = await this.#look(undefined, vpp);
      const uplink = this.#table.withAddress(address);
      const own = uplink && this.#table.part(uplink).find(view);
      const interfaces =
        uplink === undefined ? view.interfaces : view.interfaces.filter((each) => each === own);
      const addresses = await readAddresses(interfaces, vpp);
      const found = addresses.find((each) => each.address === address);
      return interfaces.find(({ index }) => index === found?.index);
    });
  }

  /** Tunnels from a VTEP to groups that are joined on another interface than the one that has its address. */
  async endGroupTunnelsElsewhere(vtep: string, index: number, vpp: Vpp): Promise<void> {
    const isElsewhere = (each: TunnelDetails): boolean =>
      each.src_address === vtep && each.mcast_sw_if_index !== index;
    const all = await this.#tunnels.do(String(vpp.start), () => dumpTunnels(NO_INTERFACE, vpp));
    // One after the other: a bridge domain may have made its own again before another one asks.
    if (all.some(isElsewhere)) await this.#inTurn(() => endGroupTunnels(isElsewhere, vpp));
  }

  /**
   * Makes an uplink as configured, whatever of it is there; once for all VTEPs on it in a wave. What we made for
   * uplinks that the configuration has no more goes first: it may have its address, or its NIC.
   * @throws NfvError VTEP_ADDRESS_MISSING if VPP has no such interface; as `makeUplink`
   */
  make(uplink: Uplink, means: UplinkMeans): Promise<void> {
    const { vpp } = means;
    return this.#made.do(`${vpp.start} ${this.#table.part(uplink).name}`, () =>
      this.#inTurn(async () => {
        // What of it fails is told by the step that is to end it.
        await this.#endAllStale(means);
        const look = (on: Vpp): Promise<UplinkView> => this.#look(undefined, on);
        await makeUplink(uplink, { table: this.#table, routes: this.#routes, look, means });
      }),
    );
  }

  /**
   * Ends what we made for an uplink that the configuration has no more, or takes an address or a route away that it has
   * no more.
   * @param name an uplink's, or the address, or the route's prefix
   * @throws NfvError as `removeUplink`, `removeLeftover`
   */
  async end(name: string, means: UplinkMeans): Promise<void> {
    const failed = await this.#ended.do(String(means.vpp.start), () =>
      this.#inTurn(() => this.#endAllStale(means)),
    );
    const error = failed.get(name);
    if (error !== undefined) throw error;
    await this.#inTurn(async () => {
      const { interfaces } = await this.#look(undefined, means.vpp);
      const addresses = await readAddresses(interfaces, means.vpp);
      const left = this.#table.leftovers(interfaces, addresses);
      for (const each of left) {
        if (each.address === name) await removeLeftover(each, interfaces, means.vpp);
      }
      const routes = name.includes('/') ? await this.#routes.leftovers(means.vpp) : [];
      if (routes.includes(name)) await this.#routes.remove(name, means.vpp);
    });
  }

  /** @param addresses those of VPP; undefined: only what is stale is wanted */
  async see(
    interfaces: readonly Interface[],
    addresses: readonly Address[] | undefined,
    vpp: Vpp,
  ): Promise<UplinkSights> {
    const stale = this.#table.stale(interfaces);
    if (addresses === undefined) return { ...NO_SIGHTS, stale };
    const view = await this.#look(interfaces, vpp);
    const [byAddress, routes] = await Promise.all([
      lookAtUplinks(this.#table, view, addresses, vpp),
      this.#routes.leftovers(vpp),
    ]);
    const left = this.#table.leftovers(interfaces, addresses).map(({ address }) => address);
    const leftovers = new Set([...left, ...routes]);
    return { byAddress, differing: differing(this.#table, view), stale, leftovers };
  }

  get #pcis(): readonly Bdf[] {
    return this.#table.all.flatMap(({ pci }) => pci ?? []);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => undefined);
    return await done;
  }

  /** VLANs before what carries them, which would take them along. */
  async #endAllStale({ vpp }: UplinkMeans): Promise<ReadonlyMap<string, NfvError>> {
    const failed = new Map<string, NfvError>();
    for (const isSub of [true, false]) {
      const view = await this.#look(undefined, vpp);
      for (const [name, found] of this.#table.stale(view.interfaces)) {
        if ((found.sub !== undefined) !== isSub) continue;
        try {
          await removeUplink(found, view, vpp);
        } catch (thrown) {
          failed.set(name, NfvError.from(thrown));
        }
      }
    }
    return failed;
  }

  /** @param known interfaces, if they were read */
  async #look(known: readonly Interface[] | undefined, vpp: Vpp): Promise<UplinkView> {
    const [interfaces, taps, kernelIndices] = await Promise.all([
      known ?? readInterfaces(vpp),
      this.#taps(vpp),
      this.#kernelIndices(),
    ]);
    return { interfaces, taps, kernelIndices, onPci: await this.#pciNames(interfaces, vpp) };
  }

  async #kernelIndices(): Promise<UplinkView['kernelIndices']> {
    const names = this.#table.all.flatMap(({ hostInterface: name }) => name ?? []);
    const found = await Promise.all(
      names.map(async (name) => [name, await this.host.interfaceIndex(name)] as const),
    );
    return new Map(found.flatMap(([name, index]) => (index === undefined ? [] : [[name, index]])));
  }

  async #taps(vpp: Vpp): Promise<ReadonlyMap<number, Tap>> {
    const isAny = this.#table.all.some(({ tap }) => tap !== undefined);
    if (!isAny || !vpp.has('sw_interface_tap_v2_dump')) return new Map();
    const taps = await vpp.dump('sw_interface_tap_v2_dump', { sw_if_index: NO_INTERFACE });
    return new Map(taps.map((tap) => [tap.sw_if_index, tap]));
  }

  /** Asked again only where what VPP told last is not there any more. */
  async #pciNames(interfaces: readonly Interface[], vpp: Vpp): Promise<UplinkView['onPci']> {
    if (this.#pcis.length === 0) return new Map();
    const { start, names } = this.#onPci ?? {};
    const there = new Set(interfaces.map(({ name }) => name));
    const isKnown = this.#pcis.every((pci) => {
      const known = names?.get(pci) ?? [];
      return known.length > 0 && known.every((name) => there.has(name));
    });
    if (names !== undefined && start === vpp.start && isKnown) return names;
    const read = await readPciNames(vpp);
    this.#onPci = { start: vpp.start, names: read };
    return read;
  }
}
