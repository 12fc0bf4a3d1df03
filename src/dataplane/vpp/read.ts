/** Reads VPP's tables, all at once. */
import type { DetailsOf } from '../../vpp-api/product-types.js';
import type { HostDoors } from './host-doors.js';
import { readLearners } from './learners.js';
import type { Learning } from './learning.js';
import { readAddresses, readInterfaces } from './read-interfaces.js';
import type { Uplinks } from './uplink/uplinks.js';
import { View, type Domain } from './view.js';
import { NO_INTERFACE, type Vpp } from './vpp.js';
import { leads } from './routing/route.js';
import { readRouting, readTables } from './routing/read-routing.js';
import { checkSockets, readPorts } from './ports/read-ports.js';
import { dumpTunnels, isAmongOurs } from './read-tunnels.js';
import type { Wants } from './wants.js';

/** `bd_id` of the dumps: all of them. */
const ALL_DOMAINS = 0xffff_ffff;
/**
 * Beyond so many of them all are read: for each dump of one bridge domain VPP walks the MAC table of
 * all of them (`l2fib_table_dump` of vnet/l2/l2_fib.c).
 */
const MAX_DOMAINS = 8;

interface Looking {
  readonly uplinks: Uplinks;
  readonly host: HostDoors;
  readonly learning: Learning;
}

/** @throws NfvError as Vpp.dump; never a partial view. */
export async function read(
  wants: Wants,
  { uplinks, host, learning }: Looking,
  vpp: Vpp,
): Promise<View> {
  const view = new View();
  await Promise.all([
    wants.interfaces || wants.addresses ? addInterfaces(view, vpp) : undefined,
    wants.tunnels ? readTunnels(view, vpp) : undefined,
    wants.ports ? readPorts(view, wants, host, vpp) : undefined,
    ...(wants.allDomains ? [ALL_DOMAINS] : scoped(wants, wants.domains)).map((id) =>
      readDomains(id, view, vpp),
    ),
    ...scoped(wants, wants.macs).map((id) => readMacs(id, view, vpp)),
    ...scoped(wants, wants.neighbors).map((id) => readNeighbors(id, view, vpp)),
    ...[...wants.remotes].map(async (remote) => {
      if (await leads(remote, vpp)) view.reachable.add(remote);
    }),
    readTables(wants, view.routing, vpp),
    wants.crossConnects ? readCrossConnects(view, vpp) : undefined,
  ]);
  view.learning = learning;
  view.learners = await readLearners(membersThatMay(wants, view), vpp);
  await checkSockets(view, wants.sockets, host);
  view.offersEventIdx = vpp.has('create_vhost_user_if_v2');
  view.endpoints = wants.endpoints;
  view.answers = wants.answers;
  view.providers = uplinks.providers;
  await readRouting(wants, view, vpp);
  if (wants.addresses) {
    view.addresses.push(...(await readAddresses(view.interfaces.values(), vpp)));
  }
  const addresses = wants.addresses ? view.addresses : undefined;
  view.uplinks = await uplinks.see([...view.interfaces.values()], addresses, vpp);
  return view;
}

/** Only of bridge domains that are looked at themselves: there may be very many. */
function* membersThatMay({ learning }: Wants, { domains }: View): Iterable<number> {
  for (const [vni, learns] of learning) if (learns) yield* domains.get(vni)?.members.keys() ?? [];
}

function scoped(wants: Wants, ids: ReadonlySet<number>): number[] {
  return wants.everything || ids.size > MAX_DOMAINS ? [ALL_DOMAINS] : [...ids];
}

async function addInterfaces(view: View, vpp: Vpp): Promise<void> {
  for (const each of await readInterfaces(vpp)) view.addInterface(each);
}

async function readTunnels(view: View, vpp: Vpp): Promise<void> {
  for (const each of await dumpTunnels(NO_INTERFACE, vpp)) {
    if (!isAmongOurs(each)) continue;
    view.addTunnel({
      index: each.sw_if_index,
      vni: each.vni,
      local: each.src_address,
      remote: each.dst_address,
      multicastInterface: each.mcast_sw_if_index,
    });
  }
}

async function readCrossConnects(view: View, vpp: Vpp): Promise<void> {
  if (!vpp.can('cross_connects')) return;
  for (const each of await vpp.dump('l2_xconnect_dump', {})) {
    view.crossConnects.set(each.rx_sw_if_index, each.tx_sw_if_index);
  }
}

async function readDomains(id: number, view: View, vpp: Vpp): Promise<void> {
  const asked = { bd_id: id, sw_if_index: NO_INTERFACE };
  for (const each of await vpp.dump('bridge_domain_dump', asked)) view.addDomain(domainOf(each));
}

function domainOf(each: DetailsOf<'bridge_domain_dump'>): Domain {
  return {
    id: each.bd_id,
    tag: each.bd_tag,
    learn: each.learn,
    flood: each.flood,
    unknownFlood: each.uu_flood,
    forward: each.forward,
    arpTermination: each.arp_term,
    macAge: each.mac_age,
    bvi: each.bvi_sw_if_index,
    members: new Map(each.sw_if_details.map(({ sw_if_index, shg }) => [sw_if_index, shg])),
  };
}

async function readMacs(id: number, view: View, vpp: Vpp): Promise<void> {
  for (const each of await vpp.dump('l2_fib_table_dump', { bd_id: id })) {
    view.addMac(each.bd_id, each.mac, {
      index: each.sw_if_index,
      isStatic: each.static_mac && !each.filter_mac,
      isOwn: each.bvi_mac,
    });
  }
}

async function readNeighbors(id: number, view: View, vpp: Vpp): Promise<void> {
  for (const { entry } of await vpp.dump('bd_ip_mac_dump', { bd_id: id })) {
    view.addNeighbor(entry.bd_id, entry.ip, entry.mac);
  }
}
