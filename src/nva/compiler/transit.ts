/**
 * How a router's NVEs reach its exits: those that lead out have an address and a MAC of their own, by which the others
 * send to them over the router's transit, a bridge domain that nothing is flooded in and nothing is learned. What comes
 * back goes from there straight to the endpoint's NVE, in the endpoint's own network. Pure.
 */
import type { Item } from '../../model/item.js';
import { TRANSIT_ADDRESSES } from '../../model/router-exit.js';
import type { NextHop } from '../../model/routing-items.js';
import { NEW_VIRTUAL_NETWORK } from '../../model/virtual-network.js';
import { exitMac } from '../exit-mac.js';
import { isLost, viewOf, type NetworkView, type NveInput } from './inputs.js';
import { CompiledItem, domainItems, tunnelItem } from './items.js';
import type { ExitView, RouterView } from './router-view.js';

/**
 * A router, all of whose networks are there, with its transit.
 * @param inputsOf those of the NVEs that exist
 */
export function withTransit(
  router: RouterView,
  inputsOf: (nves: Iterable<string>) => Iterable<readonly [string, NveInput]>,
): RouterView {
  const leading = new Set([...exitsOf(router)].flatMap(({ gateways }) => [...gateways.keys()]));
  const { id, spec } = router;
  if (leading.size === 0 || spec.transitVni === 0) return router;
  // A provider network is on no underlay of ours.
  const first = [...router.gateways.values()].find(({ view }) => !isProvider(view));
  const { underlayFamily } = first?.view.spec ?? NEW_VIRTUAL_NETWORK;
  const own = { vni: spec.transitVni, bumMode: 'NONE', learning: false, underlayFamily } as const;
  const members = new Set(leading);
  for (const { view, exits } of router.gateways.values()) {
    if (exits === undefined) for (const nve of view.members.keys()) members.add(nve);
  }
  const network = { ...NEW_VIRTUAL_NETWORK, ...own };
  const view = viewOf(id, network, [], inputsOf(members), () => []);
  return { ...router, transit: { view, macs: macsOf(id, leading) } };
}

const isProvider = ({ spec }: NetworkView): boolean => spec.provider !== undefined;

function macsOf(router: string, nves: Iterable<string>): Map<string, string> {
  const macs = new Map<string, string>();
  for (const nve of nves) macs.set(nve, exitMac(router, nve));
  return macs;
}

export function* exitsOf({ gateways }: RouterView): Generator<ExitView> {
  for (const { exits } of gateways.values()) yield* exits ?? [];
}

/** What an NVE of the router has of its transit. */
export function* transitItems(router: RouterView, nve: string): Generator<Item> {
  const { spec, transit } = router;
  if (transit?.view.members.has(nve) !== true) return;
  const { view, macs } = transit;
  const { vni } = view.spec;
  yield* domainItems(view, nve);
  yield new CompiledItem({
    kind: 'gateway_interface',
    vrf: spec.vrfId,
    vni,
    mac: macs.get(nve) ?? spec.gatewayMac,
    addresses: [...TRANSIT_ADDRESSES],
    mtu: view.mtu,
  });
  for (const peer of view.members.keys()) {
    const tunnel = macs.has(nve) || macs.has(peer) ? tunnelItem(view, nve, peer) : undefined;
    if (tunnel !== undefined) yield tunnel;
  }
  for (const [peer, mac] of macs) {
    const vtep = view.members.get(peer);
    if (peer === nve || vtep === undefined || isLost(view, nve, peer)) continue;
    yield new CompiledItem({ kind: 'mac_entry', vni, mac, via: { kind: 'remote', vtep } });
    for (const { gateways } of exitsOf(router)) {
      const ip = gateways.get(peer);
      if (ip === undefined) continue;
      yield new CompiledItem({ kind: 'gateway_neighbor', vrf: spec.vrfId, vni, ip, mac });
    }
  }
}

/** Where the NVEs of an exit's network find the router, which is on some of them only. */
export function* exitPeerItems(router: RouterView, nve: string): Generator<Item> {
  for (const { view, exits } of router.gateways.values()) {
    // A provider network's own switches know where they are.
    if (exits === undefined || !view.members.has(nve) || isProvider(view)) continue;
    for (const [peer, mac] of router.transit?.macs ?? []) {
      const addresses = exits.flatMap(({ gateways }) => gateways.get(peer) ?? []);
      const vtep = view.members.get(peer);
      if (addresses.length === 0 || vtep === undefined) continue;
      if (peer === nve || isLost(view, nve, peer)) continue;
      const { vni, arpSuppression } = view.spec;
      yield new CompiledItem({ kind: 'mac_entry', vni, mac, via: { kind: 'remote', vtep } });
      if (!arpSuppression) continue;
      for (const ip of addresses) yield new CompiledItem({ kind: 'neighbor_entry', vni, ip, mac });
    }
  }
}

/** To each of an exit's gateways that is not dead, by its address there. */
export function hopsToExit(
  { transit }: RouterView,
  { gateways }: ExitView,
  weight: number,
  nve: string,
): NextHop[] {
  if (transit?.view.members.has(nve) !== true) return [];
  const { view } = transit;
  return [...gateways]
    .filter(([peer]) => view.members.has(peer) && !isLost(view, nve, peer))
    .map(([, address]) => ({ address, weight, vni: view.spec.vni }));
}
