import { flag, list, number, object, rows, text, type Fields } from './json.js';
import { GROUP, parseAlias } from './names.js';

export interface Vxlan {
  readonly id: number;
  /** Empty: none. */
  readonly local: string;
  readonly group: string;
  /** The underlay device it is bound to; empty: none. */
  readonly device: string;
  readonly port: number;
  /** Its underlay is IPv6. */
  readonly ipv6: boolean;
  readonly learning: boolean;
  /** It receives in a way that ours do not, and so shares its UDP port with none of them. */
  readonly apart: boolean;
}

/** How a bridge treats one of its ports. */
export interface Slave {
  readonly learning: boolean;
  readonly flood: boolean;
  readonly mcastFlood: boolean;
  /** Undefined: iproute2 before 5.18 does not tell. */
  readonly bcastFlood: boolean | undefined;
  readonly neighSuppress: boolean;
}

export interface Vlan {
  readonly id: number;
  /** The link whose frames with the tag it takes. */
  readonly parent: string;
}

export interface Tap {
  readonly multiQueue: boolean;
}

/** A link as `ip -j -d link show` tells it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** As `type` in iproute2: "bridge", "vxlan", "veth", "tun", …; empty: a device of hardware. */
  readonly kind: string;
  readonly alias: string;
  readonly group: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  /** It has a carrier: of a veth, both ends are up. */
  readonly lowerUp: boolean;
  readonly loopback: boolean;
  /** Name of the bridge it is a port of; empty: none. */
  readonly master: string;
  readonly addrGenMode: string;
  readonly stp: boolean;
  readonly mcastSnooping: boolean;
  readonly vxlan?: Vxlan;
  readonly slave?: Slave;
  readonly tap?: Tap;
  readonly vlan?: Vlan;
}

export interface HostAddress {
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: string;
  /** Another host was found to have it (RFC 4862 §5.4): the kernel takes nothing that is sent to it. */
  readonly isDuplicate: boolean;
  readonly link: Pick<Link, 'name' | 'mtu' | 'up' | 'loopback' | 'alias' | 'group'>;
}

/** @throws NfvError KERNEL_REFUSED when it is not an answer of `ip -j link` */
export function parseLinks(answer: unknown): Link[] {
  return rows(answer)
    .map(parseLink)
    .filter((link) => link !== undefined);
}

/** Every address of every link in an answer of `ip -j -d addr show`. */
export function parseAddresses(answer: unknown): HostAddress[] {
  return rows(answer).flatMap((row) => {
    const link = parseLink(row);
    if (link === undefined) return [];
    return rows(list(row, 'addr_info')).flatMap((info) => {
      const address = text(info, 'local');
      const prefixLength = number(info, 'prefixlen');
      const scope = text(info, 'scope');
      if (address === undefined || prefixLength === undefined || scope === undefined) return [];
      const isDuplicate = flag(info, 'dadfailed') === true;
      return [{ address, prefixLength, scope, isDuplicate, link }];
    });
  });
}

function parseLink(row: Fields): Link | undefined {
  const name = text(row, 'ifname');
  if (name === undefined) return undefined;
  const info = object(row, 'linkinfo');
  const kind = text(info, 'info_kind') ?? '';
  const data = object(info, 'info_data');
  const flags = list(row, 'flags');
  return {
    index: number(row, 'ifindex') ?? 0,
    name,
    kind,
    alias: text(row, 'ifalias') ?? '',
    group: text(row, 'group') ?? '',
    mac: text(row, 'address') ?? '',
    mtu: number(row, 'mtu') ?? 0,
    up: flags.includes('UP'),
    lowerUp: flags.includes('LOWER_UP'),
    loopback: flags.includes('LOOPBACK'),
    master: text(row, 'master') ?? '',
    addrGenMode: text(row, 'inet6_addr_gen_mode') ?? '',
    stp: (number(data, 'stp_state') ?? 0) !== 0,
    mcastSnooping: (number(data, 'mcast_snooping') ?? 0) !== 0,
    ...parseKind(kind, data, row),
    ...(text(info, 'info_slave_kind') === 'bridge'
      ? { slave: parseSlave(object(info, 'info_slave_data')) }
      : {}),
  };
}

function parseKind(kind: string, data: Fields, row: Fields): Pick<Link, 'vxlan' | 'tap' | 'vlan'> {
  switch (kind) {
    case 'vxlan':
      return { vxlan: parseVxlan(data) };
    case 'tun':
      return { tap: { multiQueue: flag(data, 'multi_queue') ?? false } };
    case 'vlan':
      return { vlan: { id: number(data, 'id') ?? 0, parent: text(row, 'link') ?? '' } };
    default:
      return {};
  }
}

function parseVxlan(data: Fields): Vxlan {
  return {
    id: number(data, 'id') ?? 0,
    local: text(data, 'local') ?? text(data, 'local6') ?? '',
    group: text(data, 'group') ?? text(data, 'group6') ?? '',
    device: text(data, 'link') ?? '',
    port: number(data, 'port') ?? 0,
    ipv6: ['local6', 'group6', 'remote6'].some((name) => name in data),
    learning: flag(data, 'learning') ?? false,
    apart: APART.some((name) => flag(data, name) === true),
  };
}

/** VXLAN_F_RCV_FLAGS (net/vxlan.h). */
const APART = ['external', 'gbp', 'gpe', 'udp_zero_csum6_rx', 'remcsum_rx', 'vnifilter'] as const;

function parseSlave(data: Fields): Slave {
  return {
    learning: flag(data, 'learning') ?? false,
    flood: flag(data, 'flood') ?? false,
    mcastFlood: flag(data, 'mcast_flood') ?? false,
    bcastFlood: flag(data, 'bcast_flood'),
    neighSuppress: flag(data, 'neigh_suppress') ?? false,
  };
}

/**
 * Whose a link is. `half`: ours, but its creation was broken off before it got its alias.
 * `key` undefined: not ours.
 */
export function ownership(
  link: Pick<Link, 'alias' | 'group'>,
):
  | { readonly owner: 'ours'; readonly key: string; readonly attested: string }
  | { readonly owner: 'half' }
  | { readonly owner: 'foreign' } {
  const tag = parseAlias(link.alias);
  if (tag !== undefined) return { owner: 'ours', ...tag };
  return { owner: link.alias === '' && link.group === GROUP ? 'half' : 'foreign' };
}
