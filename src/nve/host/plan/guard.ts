/** The proof that a function is idle, or what it is in use for: nothing is taken without it. */
import { routesOver } from '../../../dpdk/netdev-values.js';
import { isUserDriver } from '../../../dpdk/iommu.js';
import { functionPath } from '../../../dpdk/pci.js';
import type { Netdev, PciFunction, Route } from '../../../model/host/inventory.js';
import type { Blast, Finding } from '../../../model/host/plan.js';
import type { Path } from '../../../model/yaml-source.js';
import type { Planning } from './planning.js';

export interface Taking {
  /** For whom it is taken: the NIC's place in the profile. */
  readonly path: Path;
  /** It may be up, and have addresses and routes. */
  readonly takeOver: boolean;
  /** VPP is stopped before, so what it holds is free then. */
  readonly vppStops: boolean;
}

const I_KNOW = 'give --i-know and --confirm TIME if this is meant; it is undone if not confirmed';
const NOT_BACK = 'undo does not give it back: note how it was made';

/** Finds everything that speaks against taking the function from the kernel. */
export function guardFunction(planning: Planning, fn: PciFunction, taking: Taking): void {
  const guard = new Guard(planning, fn, taking);
  guardHung(planning, fn, taking.path);
  guard.holders();
  const netdevs = planning.netdevsOf(fn);
  if (netdevs.length === 0) guard.elsewhere();
  for (const netdev of netdevs) guard.netdev(netdev);
  if (netdevs.length > 1) {
    const names = netdevs.map(({ name }) => name).join(', ');
    guard.block('several-netdevs', `it has several network devices: ${names}`, 'leave it alone');
  }
}

/** A function whose state cannot be read is not changed. */
export function guardHung(planning: Planning, { bdf }: PciFunction, path: Path): void {
  const isHung = planning.inventory.hung.some((at) => at.startsWith(`${functionPath(bdf)}/`));
  if (!isHung) return;
  const remedy = 'see dmesg; a change of it may be stuck';
  planning.find('blocks', 'hung', bdf, 'its driver does not answer', remedy, path);
}

class Guard {
  constructor(
    private readonly planning: Planning,
    private readonly fn: PciFunction,
    private readonly taking: Taking,
  ) {}

  #find(effect: Finding['effect'], check: string, reason: string, remedy: string): void {
    this.planning.find(effect, check, this.fn.bdf, reason, remedy, this.taking.path);
  }

  block(check: string, reason: string, remedy: string): void {
    this.#find('blocks', check, reason, remedy);
  }

  /** VFIO, UIO and RDMA. */
  holders(): void {
    for (const { bdf, command, pid, path } of this.planning.inventory.holders) {
      if (bdf !== this.fn.bdf) continue;
      if (this.taking.vppStops && command === 'vpp_main') continue;
      const reason = `${command} (pid ${pid}) holds ${path}`;
      this.block('held', reason, 'stop that process');
    }
  }

  /** A driver that makes netdevs, and none is seen. */
  elsewhere(): void {
    const { driver, kind } = this.fn;
    if (driver === undefined || isUserDriver(driver) || kind !== 'network') return;
    const reason = `${driver} has it, and no network device is seen: it is in another namespace`;
    this.block('other-namespace', reason, 'bring it back: ip -n NAMESPACE link set DEV netns 1');
  }

  netdev(netdev: Netdev): void {
    this.#paths(netdev);
    const { name, master } = netdev;
    if (master !== undefined) {
      const remedy = `take it out first: ip link set ${name} nomaster`;
      this.block('master', `${name} is a part of ${master}`, remedy);
    }
    for (const upper of this.planning.inventory.netdevs.filter(({ lower }) => lower === name)) {
      const reason = `${upper.kind ?? 'device'} ${upper.name} is made on ${name}`;
      this.block('upper', reason, `remove it first: ip link del ${upper.name}`);
    }
    this.#ordinaryUse(netdev);
  }

  /** What a profile may take over: it is written down, and given back by undo. */
  #ordinaryUse(netdev: Netdev): void {
    const effect = this.taking.takeOver ? 'warns' : 'blocks';
    const remedy = this.taking.takeOver ? 'none needed: takeOver is set' : 'set takeOver: true';
    const find = (check: string, reason: string): void => {
      this.#find(effect, check, reason, remedy);
    };
    const { name } = netdev;
    if (netdev.up) find('up', `${name} is up`);
    const addresses = netdev.addresses.filter(({ scope }) => scope !== 'link');
    for (const { address } of addresses) find('address', `${name} has the address ${address}`);
    for (const route of routesOver(name, this.planning.inventory.routes)) {
      const { table, isEncapsulated } = route;
      const what = isEncapsulated ? 'with an encapsulation' : `to ${route.destination}`;
      const reason = `a route ${what} (table ${table}) goes over ${name}`;
      if (isEncapsulated && this.taking.takeOver) this.#find(effect, 'route', reason, NOT_BACK);
      else find('route', reason);
    }
  }

  /** Who is lost with it. */
  #paths({ name }: Netdev): void {
    for (const { check, reason, isDisk } of reachedOver(this.planning, name)) {
      if (isDisk) this.block(check, reason, 'leave it alone; the host would lose its disk');
      else this.#find('guarded', check, reason, I_KNOW);
    }
  }
}

interface Reached {
  readonly check: string;
  readonly reason: string;
  readonly isDisk: boolean;
}

const WHAT = {
  ssh: 'an SSH session',
  nva: 'the NVA',
  'nfs-root': 'the root file system',
  iscsi: 'an iSCSI disk',
};

/** What is reached over this device, or what it carries, and must not be lost. */
function reachedOver({ inventory }: Planning, name: string): Reached[] {
  const over = (device: string | undefined): boolean =>
    device !== undefined && devicesBelow(inventory.netdevs, device).has(name);
  const peers = inventory.peers.filter(({ device }) => over(device));
  const routes = inventory.routes.filter(({ hops }) => hops.some(({ device }) => over(device)));
  return [
    ...peers.map(({ role, address }) => ({
      check: role,
      reason: `${WHAT[role]} (${address}) is reached over ${name}`,
      isDisk: role === 'nfs-root' || role === 'iscsi',
    })),
    ...defaultRoute(routes, name),
  ];
}

/** What iproute2 does not tell the destination of is taken for one: it may be. */
function defaultRoute(routes: readonly Route[], name: string): Reached[] {
  const [check, isDisk] = ['default-route', false];
  if (routes.some(({ destination }) => destination === 'default'))
    return [{ check, reason: `the default route goes over ${name}`, isDisk }];
  if (routes.some(({ isEncapsulated }) => isEncapsulated))
    return [
      {
        check,
        reason: `a route with an encapsulation, maybe the default route, goes over ${name}`,
        isDisk,
      },
    ];
  return [];
}

/** The function stays, and its link goes down for a while. */
export function guardReset(planning: Planning, fn: PciFunction, path: Path): void {
  for (const { name } of planning.netdevsOf(fn)) {
    for (const { check, reason } of reachedOver(planning, name)) {
      const text = `${reason}, whose link goes down for a while`;
      planning.find('guarded', check, fn.bdf, text, I_KNOW, path);
    }
  }
}

/** Interfaces of the kernel that go away with the VPP that made them. */
export function guardTaps(planning: Planning, names: readonly string[], path: Path): void {
  for (const name of names) {
    for (const { check, reason } of reachedOver(planning, name)) {
      const text = `${reason}, which goes away when VPP is stopped`;
      planning.find('guarded', check, 'VPP', text, I_KNOW, path);
    }
  }
}

/** The device, and all that carry it: a VLAN's device, a bridge's and a bond's members. */
export function devicesBelow(netdevs: readonly Netdev[], device: string): Set<string> {
  const below = new Set<string>();
  const queue = [device];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (below.has(name)) continue;
    below.add(name);
    const lower = netdevs.find((netdev) => netdev.name === name)?.lower;
    if (lower !== undefined) queue.push(lower);
    for (const member of netdevs) if (member.master === name) queue.push(member.name);
  }
  return below;
}

/** What goes away when the kernel loses the function. */
export function blastOf(planning: Planning, fn: PciFunction): Partial<Blast> {
  const { routes, holders } = planning.inventory;
  const netdevs = planning.netdevsOf(fn);
  const names = netdevs.map(({ name }) => name);
  return {
    netdevs: names,
    addresses: netdevs.flatMap(({ name, addresses }) =>
      addresses
        .filter(({ scope }) => scope !== 'link')
        .map(({ address, prefixLength }) => `${address}/${prefixLength} on ${name}`),
    ),
    routes: names.flatMap((name) =>
      routesOver(name, routes).map((route) => `${route.destination} over ${name}`),
    ),
    consumers: holders
      .filter(({ bdf }) => bdf === fn.bdf)
      .map(({ command, pid }) => `${command} (pid ${pid})`),
  };
}
