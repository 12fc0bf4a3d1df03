/**
 * GatewayInterface: a veth pair, one end in the router's namespace with the gateway's MAC and
 * addresses, the other in the network's bridge. Each host has the same; so the bridge holds fast where
 * the MAC is, the filter of gateway-filter.ts keeps what the gateway says on the host, and a neighbour
 * of the bridge for each address keeps on it what guests ask for the gateway (`neigh_suppress`).
 */
import { gatewayKey, type GatewayInterfaceItem } from '../../../model/routing-items.js';
import { gatewayDifferences, gatewaySubnets } from '../../../reconcile/gateway-item.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import { makesAddresses } from '../addressless.js';
import { isUntunnelled, needOurs } from '../domain-check.js';
import { linkLocalOf } from './gateway-addresses.js';
import { isAnswer } from './gateway-answers.js';
import { createGateway, mendGateway, removeAnswers, removeGateway } from './gateway-changes.js';
import { answersFor, inTheWay, stateOf, strangerIn } from './gateway-links.js';
import { subnetDefects, subnetsOf } from './gateway-subnets.js';
import type { Doors } from '../doors.js';
import type { LinuxKind } from '../kind.js';
import { ownership, type Link } from '../links.js';
import type { Memory } from '../memory.js';
import { bridgeName, gatewayName, gatewayVniOfName, innerName } from '../names.js';
import type { RouterView } from './router-view.js';
import type { View } from '../view.js';

/** The VRF of a gateway whose creation was broken off: nobody knows any more. */
const NO_VRF = 0;

export const gatewayInterface: LinuxKind<GatewayInterfaceItem> = {
  rank: 2,
  differences: gatewayDifferences,
  mustRecreate: () => false,
  claims: (item) => [`interface ${gatewayName(item.vni)}`, ...gatewaySubnets(item)],

  reads([first, second], wanted, wants, memory) {
    const [vrf, vni] = [Number(first), Number(second)];
    wants.links.add(gatewayName(vni));
    if (vrf !== NO_VRF) wants.router(vrf).gateways.add(vni);
    if (wanted === undefined) {
      for (const ip of memory.answersOf(vni)) wants.neighbor(vni, ip);
      return;
    }
    needOurs(vni, wants, memory);
    wants.mac(vni, wanted.mac);
    memory.addGatewayMac(wanted.mac);
    for (const ip of answersFor(wanted)) wants.answer(vni, ip);
    for (const subnet of subnetsOf(wanted)) wants.router(vrf).prefixes.add(subnet);
    wants.links.add(bridgeName(vni));
    wants.filters.set(vni, wanted.mac);
  },

  observe([first, second], wanted, view, memory): Sight<GatewayInterfaceItem> {
    const [vrf, vni] = [Number(first), Number(second)];
    const near = view.links.get(gatewayName(vni));
    const router = view.router(vrf);
    const far = router.links.get(innerName(vni));
    const state = stateOf(vrf, vni, near);
    const stranger = state === 'foreign' ? near : strangerIn(vrf, vni, far);
    if (stranger !== undefined) return wanted && inTheWay(stranger.name);
    if (near === undefined) return wanted === undefined ? left(vrf, vni, view, memory) : undefined;
    if (state === 'other') return undefined;
    if (state === 'half') {
      const payload = wanted ?? { ...NOTHING_READ, vrf, vni };
      return { payload, defects: [`${near.name}: creation was broken off`] };
    }
    const { mac, mtu } = far ?? NOTHING_READ;
    const addresses = addressesOf(vni, far, router);
    const payload = { kind: 'gateway_interface', vrf, vni, mac, addresses, mtu } as const;
    const defects = [...nearDefects(near, vni), ...farDefects(far, vni, router)];
    if (wanted === undefined) return { payload, defects };
    const routes = far?.up === true ? subnetDefects(wanted, router) : [];
    return { payload, defects: [...defects, ...routes, ...localDefects(wanted, view)] };
  },

  *list(view) {
    for (const link of view.links.values()) {
      const found = ownership(link);
      const vni = gatewayVniOfName(link.name);
      if (found.owner === 'ours' && found.key.startsWith('gw/')) yield found.key;
      else if (found.owner === 'half' && vni !== undefined) yield gatewayKey(NO_VRF, vni);
    }
  },

  async create(wanted, doors, memory) {
    await createGateway(wanted, doors);
    await noteMade(wanted, doors, memory);
  },
  async update(wanted, from, doors, memory) {
    await mendGateway(wanted, from, doors);
    await noteMade(wanted, doors, memory);
  },
  async remove(from, doors, memory) {
    if (await removeGateway(from, memory.answersOf(from.vni), doors))
      memory.setAnswers(from.vni, []);
    memory.forgetGateway(from.vni);
  },
};

/** What was made before, of which somebody may have deleted all but the answers, has answers to lose. */
async function noteMade(wanted: GatewayInterfaceItem, doors: Doors, memory: Memory): Promise<void> {
  const { vrf, vni } = wanted;
  memory.setGateway(vni, vrf);
  const needed = answersFor(wanted);
  const before = memory.answersOf(vni).filter((ip) => !needed.includes(ip));
  await removeAnswers(vni, before, doors);
  memory.setAnswers(vni, needed);
}

/** All that is there of one whose link is gone are its answers. */
function left(vrf: number, vni: number, view: View, memory: Memory): Sight<GatewayInterfaceItem> {
  if (memory.gatewayOf(vni) !== vrf) return undefined;
  const isLeft = memory.answersOf(vni).some((ip) => {
    const found = view.neighbor(vni, ip);
    return found !== undefined && isAnswer(found, memory);
  });
  return isLeft ? { payload: { ...NOTHING_READ, vrf, vni }, defects: [] } : undefined;
}

const NOTHING_READ: GatewayInterfaceItem = {
  kind: 'gateway_interface',
  vrf: NO_VRF,
  vni: 0,
  mac: '',
  addresses: [],
  mtu: 0,
};

/** Remembers whose gateways there are, when all links were read. */
export function noteGateways(view: View, memory: Memory): void {
  for (const key of gatewayInterface.list(view, memory)) {
    const [, vrf, vni] = key.split('/');
    memory.setGateway(Number(vni), Number(vrf));
  }
}

function addressesOf(vni: number, far: Link | undefined, router: RouterView): string[] {
  const own = far === undefined ? '' : linkLocalOf(far.mac);
  return router.addressesOf(innerName(vni)).filter((each) => each !== `${own}/64`);
}

function nearDefects(near: Link, vni: number): string[] {
  const { name, slave } = near;
  if (near.master !== bridgeName(vni)) return [`${name}: not in ${bridgeName(vni)}`];
  return [
    ...(near.up ? [] : [`${name}: link down`]),
    ...(makesAddresses(near) ? [`${name}: makes itself IPv6 addresses`] : []),
    ...(slave?.learning === false ? [] : [`${name}: learning on`]),
    ...(slave?.flood === false ? [] : [`${name}: takes frames that are for nobody`]),
    ...(slave?.mcastFlood === true && slave.bcastFlood !== false
      ? []
      : [`${name}: does not flood`]),
  ];
}

function farDefects(far: Link | undefined, vni: number, router: RouterView): string[] {
  const name = innerName(vni);
  if (far === undefined) return [`${name}: missing in the router`];
  const found = router.addressesOf(name);
  const needsOwn = found.some((each) => each.includes(':'));
  return [
    ...(far.up ? [] : [`${name}: link down`]),
    ...(far.alias === '' ? [`${name}: creation was broken off`] : []),
    ...(needsOwn && !found.includes(`${linkLocalOf(far.mac)}/64`)
      ? [`${name}: no link-local address`]
      : []),
  ];
}

/** What may be heard on other hosts, or be taken over from there. */
function localDefects(wanted: GatewayInterfaceItem, view: View): string[] {
  const { vni, mac } = wanted;
  const { bridge } = view.entriesOf(vni, mac);
  const isHeld = bridge?.device === gatewayName(vni) && bridge.fixed && bridge.sticky === true;
  const unknown = answersFor(wanted).filter((ip) => {
    const found = view.neighbor(vni, ip);
    // With our mark it is a neighbour entry that somebody wanted.
    return found?.extern !== true && (found?.mac !== mac || !found.fixed);
  });
  return [
    ...(isHeld ? [] : [`${bridgeName(vni)}: ${mac} is not held at ${gatewayName(vni)}`]),
    ...unknown.map((ip) => `${bridgeName(vni)}: does not know that ${ip} is here`),
    ...(isUntunnelled(view.links.get(bridgeName(vni))) ? [] : (view.filters.get(vni) ?? [])),
  ];
}
