/**
 * Route: an entry of the table `main` in the router's namespace, with a protocol number of ours. Those
 * that the kernel makes for addresses have its own.
 */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import {
  routeKey,
  vrfKey,
  type NextHop,
  type RouteItem,
  type RouteVia,
} from '../../../model/routing-items.js';
import { differing } from '../../../reconcile/differing.js';
import type { Sight } from '../../../reconcile/kind-table.js';
import type { Doors } from '../doors.js';
import { contains } from '../../../model/interface-addresses.js';
import type { LinuxKind } from '../kind.js';
import { crossName, innerVniOfName, PROTOCOL } from '../names.js';
import { aside, without } from './route-aside.js';
import { readRoute } from './read-routers.js';
import { crossDefects, needCross } from './router-cross.js';
import { routeWords, UNKNOWN, type FoundRoute } from './router-routes.js';
import type { RouterView } from './router-view.js';

const REFUSALS = ['Nexthop has invalid gateway', 'Gateway can not be a local address'] as const;

export const route: LinuxKind<RouteItem> = {
  rank: 7,
  differences: (wanted, observed) => differing({ via: [told(wanted.via), told(observed.via)] }),
  mustRecreate: () => false,

  reads([vrf, ...prefix], wanted, wants) {
    const router = wants.router(Number(vrf));
    router.prefixes.add(prefix.join('/'));
    const via = wanted?.via;
    if (via?.kind === 'vrf') router.allLinks = true;
    if (via?.kind === 'next_hops' && via.nextHops.some(({ vni }) => vni === 0)) {
      router.allLinks = true;
    }
  },

  observe([id, ...parts], wanted, view): Sight<RouteItem> {
    const vrf = Number(id);
    const prefix = parts.join('/');
    const router = view.router(vrf);
    const found = router.routes.get(prefix) ?? [];
    const ours = found.find((each) => each.ours);
    const foreign = found.find((each) => !each.ours);
    if (wanted !== undefined && foreign !== undefined) return inTheWay(vrf, foreign);
    if (ours === undefined) return undefined;
    const via = asWanted(ours.via, wanted?.via, router);
    const cross = wanted?.via.kind === 'vrf' ? crossDefects(vrf, wanted.via.vrf, router) : [];
    return { payload: { kind: 'route', vrf, prefix, via }, defects: [...ours.defects, ...cross] };
  },

  *list(view) {
    for (const [vrf, { routes }] of view.routers) {
      for (const [prefix, found] of routes) {
        if (found.some(({ ours }) => ours)) yield routeKey(vrf, prefix);
      }
    }
  },

  create,
  update: (wanted, _from, doors) => put(wanted, 'replace', doors),

  async remove({ vrf, prefix }, doors) {
    try {
      const inside = await doors.routers.inside(vrf);
      // Of any type: a deletion that names none takes each.
      await inside.run('route', 'del', prefix, 'proto', PROTOCOL);
    } catch (error) {
      const isGone = error instanceof NfvError && error.code === 'NETNS_MISSING';
      if (!isGone && !hasErrno(error, 'ESRCH')) throw error;
    }
  },
};

/**
 * The kernel's `replace` takes the place of anybody's route to the prefix, `add` of nobody's.
 * @throws NfvError FOREIGN_OBJECT besides those of `put`
 */
async function create(wanted: RouteItem, doors: Doors): Promise<void> {
  try {
    await put(wanted, 'add', doors);
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
    const { vrf, prefix } = wanted;
    const found = await readRoute(prefix, await doors.routers.inside(vrf));
    const foreign = found.find(({ ours }) => !ours);
    if (foreign !== undefined) throw inTheWay(vrf, foreign);
    await put(wanted, 'replace', doors);
  }
}

/** @throws NfvError ITEM_BLOCKED for a next hop that no gateway's subnet has */
async function put(wanted: RouteItem, verb: 'add' | 'replace', doors: Doors): Promise<void> {
  const { vrf, via } = wanted;
  const inside = await doors.routers.inside(vrf);
  if (via.kind === 'vrf') await needCross(vrf, via.vrf, doors);
  try {
    await inside.run('route', verb, ...routeWords(wanted));
  } catch (error) {
    if (!isUnreachable(error) || via.kind !== 'next_hops') throw error;
    await doors.routers.inTurn(vrf, async () => {
      const others = await aside(via.nextHops, inside);
      if (others.length === 0) throw refused(vrf, via.nextHops, error);
      const again = (): Promise<void> => inside.run('route', verb, ...routeWords(wanted));
      await without(others, vrf, doors, again);
    });
  }
}

/** A next hop that is on no link (net/ipv4/fib_semantics.c, fib_check_nh; net/ipv6/route.c). */
function isUnreachable(error: unknown): boolean {
  if (hasErrno(error, 'ENETUNREACH', 'EHOSTUNREACH')) return true;
  return error instanceof NfvError && REFUSALS.some((text) => error.message.includes(text));
}

/** Of a next hop by a gateway of its own the kernel's words say more. */
function refused(vrf: number, nextHops: readonly NextHop[], cause: unknown): NfvError {
  const free = nextHops.filter(({ vni }) => vni === 0).map(({ address }) => address);
  if (free.length === 0) return NfvError.from(cause);
  const message = `no gateway of ${vrfKey(vrf)} has the subnet of next hop ${free.join(' or ')}`;
  return new NfvError('ITEM_BLOCKED', message, { cause, metadata: { vrf: String(vrf) } });
}

function inTheWay(vrf: number, { prefix, protocol }: FoundRoute): NfvError {
  const message = `${vrfKey(vrf)} has a route to ${prefix} of protocol ${protocol}, not ours`;
  return new NfvError('FOREIGN_OBJECT', message, {
    metadata: { vrf: String(vrf), prefix, protocol },
  });
}

/**
 * A next hop that is to be where the router's own routes say is at the gateway that has its subnet; the
 * weight of a single one is not kept.
 */
function asWanted(found: RouteVia, wanted: RouteVia | undefined, router: RouterView): RouteVia {
  if (wanted?.kind !== 'next_hops' || found.kind !== 'next_hops') return found;
  const [only, ...others] = wanted.nextHops;
  const nextHops = found.nextHops.map((hop): NextHop => {
    const weight = others.length === 0 ? (only?.weight ?? hop.weight) : hop.weight;
    const free = wanted.nextHops.some(({ address, vni }) => vni === 0 && address === hop.address);
    return { ...hop, weight, vni: free && isAtItsGateway(hop, router) ? 0 : hop.vni };
  });
  return { kind: 'next_hops', nextHops };
}

function isAtItsGateway({ address, vni }: NextHop, router: RouterView): boolean {
  return router.addresses.some(
    (each) =>
      innerVniOfName(each.link.name) === vni &&
      contains(`${each.address}/${each.prefixLength}`, address),
  );
}

/** In the order of the addresses: the kernel keeps next hops in its own. */
function told(via: RouteVia): string {
  if (via.kind === 'drop') return 'drop';
  if (via.kind === 'vrf') return `vrf ${via.vrf} by ${crossName(via.vrf)}`;
  return via.nextHops.map(hopText).sort().join(', ');
}

function hopText({ address, vni, weight }: NextHop): string {
  const where =
    vni === 0 ? '' : vni === UNKNOWN ? ' by an interface that is not ours' : ` in ${vni}`;
  return `${address}${where}${weight === 1 ? '' : ` weight ${weight}`}`;
}
