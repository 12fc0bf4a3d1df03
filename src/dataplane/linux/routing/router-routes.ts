/** Routes of a router as iproute2 tells them, and as it is told them. */
import type { NextHop, RouteItem, RouteVia } from '../../../model/routing-items.js';
import { canonical } from '../entries.js';
import { list, number, rows, text, type Fields } from '../json.js';
import { crossName, crossVrfOfName, innerName, innerVniOfName, PROTOCOL } from '../names.js';

/** The table that packets are routed by. */
const TABLE = 'main';
/** The network of a next hop by an interface that is not ours. */
export const UNKNOWN = -1;

export interface FoundRoute {
  /** Canonical. */
  readonly prefix: string;
  readonly ours: boolean;
  /** Who has made it: `kernel`, `static`, a number, …. */
  readonly protocol: string;
  readonly via: RouteVia;
  /** What keeps it from being used, for people. */
  readonly defects: readonly string[];
}

/** The routes of the table `main` in an answer of `ip -j -d route show table all`. */
export function parseRoutes(answer: unknown): FoundRoute[] {
  return rows(answer).flatMap((row) => {
    const dst = text(row, 'dst');
    if (dst === undefined || (text(row, 'table') ?? TABLE) !== TABLE) return [];
    const protocol = text(row, 'protocol') ?? '';
    const type = text(row, 'type') ?? 'unicast';
    const hops = rows(list(row, 'nexthops'));
    return [
      {
        prefix: prefixOf(dst, row),
        ours: protocol === PROTOCOL,
        protocol,
        via: viaOf(type, hops.length === 0 ? [row] : hops),
        defects: hops.flatMap((hop) => (list(hop, 'flags').includes('dead') ? ['dead'] : [])),
      },
    ];
  });
}

/** The kernel has no word for a length that is a whole address, nor for 0. */
function prefixOf(dst: string, row: Fields): string {
  if (dst === 'default') return 'pref' in row ? '::/0' : '0.0.0.0/0';
  const [address = '', length] = dst.split('/');
  const whole = canonical(address);
  return `${whole}/${length ?? (whole.includes(':') ? '128' : '32')}`;
}

function viaOf(type: string, hops: readonly Fields[]): RouteVia {
  if (type === 'blackhole') return { kind: 'drop' };
  const [first] = hops;
  const cross = hops.length === 1 ? crossVrfOfName(text(first ?? {}, 'dev') ?? '') : undefined;
  if (type === 'unicast' && cross !== undefined) return { kind: 'vrf', vrf: cross };
  const nextHops = hops.map((hop): NextHop => ({
    address: canonical(text(hop, 'gateway') ?? text(viaField(hop), 'host') ?? ''),
    vni: type === 'unicast' ? (innerVniOfName(text(hop, 'dev') ?? '') ?? UNKNOWN) : UNKNOWN,
    weight: number(hop, 'weight') ?? 1,
  }));
  return { kind: 'next_hops', nextHops };
}

/** A next hop of the other family. */
function viaField(hop: Fields): Fields {
  const [via] = rows([hop['via'] ?? {}]);
  return via ?? {};
}

/** The next router's end of the way between two; it has no other neighbour. */
export const CROSS_PEER = { IPV4: '169.254.0.1', IPV6: 'fe80::1' } as const;

/** What follows `route add` or `route replace`. */
export function routeWords({ prefix, via }: RouteItem): readonly string[] {
  const made = ['proto', PROTOCOL];
  switch (via.kind) {
    case 'drop':
      return ['blackhole', prefix, ...made];
    case 'vrf': {
      const peer = CROSS_PEER[prefix.includes(':') ? 'IPV6' : 'IPV4'];
      return [prefix, ...made, 'via', peer, 'dev', crossName(via.vrf), 'onlink'];
    }
    case 'next_hops': {
      const [only, ...others] = via.nextHops;
      if (only !== undefined && others.length === 0) return [prefix, ...made, ...hopWords(only)];
      const hops = via.nextHops.flatMap((hop) => {
        return ['nexthop', ...hopWords(hop), 'weight', String(hop.weight)];
      });
      return [prefix, ...made, ...hops];
    }
  }
}

/** With a network it need not be in one of its gateway's subnets, as on VPP. */
function hopWords({ address, vni }: NextHop): readonly string[] {
  return vni === 0 ? ['via', address] : ['via', address, 'dev', innerName(vni), 'onlink'];
}
