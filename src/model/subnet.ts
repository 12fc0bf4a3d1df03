import {
  isHostAddress,
  ipRange,
  parseIp,
  parsePrefix,
  prefixContains,
  type Ip,
  type Prefix,
} from './addresses.js';
import { addressAt, hostRange, numberOf, type AddressSpan } from './address-numbers.js';
import type { Labels, Meta } from './resource.js';
import { checkDisplayName, checkId, checkLabels, Violations } from './violations.js';

/** Both included. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
}

/** What a user sets of a subnet. Canonical: as `checkSubnet` leaves it. */
export interface SubnetSpec {
  readonly displayName: string;
  /** Id of its network. */
  readonly network: string;
  readonly prefix: string;
  /** Empty: none. FIRST_ADDRESS only before `checkSubnet`. */
  readonly gateway: string;
  /** None: all that hosts can have. */
  readonly pools: readonly AddressRange[];
  readonly labels: Labels;
}

/** A subnet that another resource names, and the field that does. */
export interface NamedSubnet {
  readonly field: string;
  readonly id: string;
}

/** The gateway is to be the first address that a host can have. */
export const FIRST_ADDRESS = 'first';

/** What a new subnet is like where nothing else is said; network and prefix have to be. */
export const NEW_SUBNET: SubnetSpec = {
  displayName: '',
  network: '',
  prefix: '',
  gateway: FIRST_ADDRESS,
  pools: [],
  labels: {},
};

export interface Subnet {
  readonly kind: 'Subnet';
  readonly id: string;
  readonly spec: SubnetSpec;
  readonly meta: Meta;
}

const MAX_POOLS = 16;

/**
 * The specification in canonical form.
 * @throws NfvError INVALID_FIELD with every violation, fields under `subnet`.
 */
export function checkSubnet(spec: SubnetSpec): SubnetSpec {
  const v = new Violations('subnet');
  checkDisplayName(v, spec.displayName);
  checkLabels(v, spec.labels);
  checkId(v, 'network', spec.network);
  const prefix = checkPrefix(v, spec.prefix);
  const gateway = prefix === undefined ? '' : checkGateway(v, spec.gateway, prefix);
  const pools = prefix === undefined ? [] : checkPools(v, spec.pools, prefix);
  v.throwIfAny();
  return { ...spec, prefix: prefix?.text ?? '', gateway, pools };
}

function checkPrefix(v: Violations, text: string): Prefix | undefined {
  const prefix = parsePrefix(text);
  if (prefix === undefined) {
    const remedy = 'give a network address and length, e.g. "10.0.0.0/24"';
    v.add('prefix', text, 'not an IP prefix', remedy);
    return undefined;
  }
  const ip = { family: prefix.family, text: prefix.address };
  if (prefix.length === 0 || !isHostAddress(ip) || ipRange(ip) === 'linkLocal') {
    v.add('prefix', text, 'not for hosts', 'give a unicast prefix that is not link-local');
    return undefined;
  }
  return prefix;
}

function checkGateway(v: Violations, text: string, prefix: Prefix): string {
  if (text === '') return '';
  const { first, last } = hostRange(prefix);
  const ip = parseIp(text === FIRST_ADDRESS ? addressAt(prefix.family, first) : text);
  if (ip === undefined || !isHostIn(prefix, ip)) {
    v.add(
      'gateway',
      ip?.text ?? text,
      `no address that a host of ${prefix.text} can have`,
      `give one from ${addressAt(prefix.family, first)} to ${addressAt(prefix.family, last)}, or leave it out`,
    );
    return '';
  }
  return ip.text;
}

function checkPools(
  v: Violations,
  pools: readonly AddressRange[],
  prefix: Prefix,
): readonly AddressRange[] {
  const spans: AddressSpan[] = [];
  return v.atMost('pools', pools, MAX_POOLS, `${pools.length} ranges`).map((pool, i) => {
    const field = `pools[${i}]`;
    const span = spanOf(pool, prefix);
    const shown = `${pool.first}-${pool.last}`;
    if (span === undefined) {
      const remedy = 'give its lowest and its highest address, both in the prefix';
      v.add(field, shown, `no range of addresses of ${prefix.text}`, remedy);
      return pool;
    }
    if (spans.some((other) => span.first <= other.last && other.first <= span.last)) {
      v.add(field, shown, 'overlaps with another range', 'give each address once');
    }
    spans.push(span);
    return {
      first: addressAt(prefix.family, span.first),
      last: addressAt(prefix.family, span.last),
    };
  });
}

function spanOf({ first, last }: AddressRange, prefix: Prefix): AddressSpan | undefined {
  const [low, high] = [parseIp(first), parseIp(last)];
  if (low === undefined || high === undefined) return undefined;
  if (!prefixContains(prefix, low) || !prefixContains(prefix, high)) return undefined;
  const span = { first: numberOf(low), last: numberOf(high) };
  return span.first <= span.last ? span : undefined;
}

/** Whether a host of the prefix can have the address, and a gateway: it is no link-local one. */
function isHostIn(prefix: Prefix, ip: Ip): boolean {
  if (ip.family !== prefix.family || !isHostAddress(ip) || ipRange(ip) === 'linkLocal')
    return false;
  const { first, last } = hostRange(prefix);
  const number = numberOf(ip);
  return number >= first && number <= last;
}

/** Whether the canonical address `ip` can be a host's of the subnet. */
export function subnetHosts({ prefix }: SubnetSpec, ip: string): boolean {
  const [parsed, address] = [parsePrefix(prefix), parseIp(ip)];
  return parsed !== undefined && address !== undefined && isHostIn(parsed, address);
}

/** Whether the canonical address `ip` is one of the subnet's. */
export function subnetHolds({ prefix }: Pick<SubnetSpec, 'prefix'>, ip: string): boolean {
  const [parsed, address] = [parsePrefix(prefix), parseIp(ip)];
  return parsed !== undefined && address !== undefined && prefixContains(parsed, address);
}

/** Two prefixes have an address in common; canonical. */
export function overlap(a: string, b: string): boolean {
  const [one, other] = [parsePrefix(a), parsePrefix(b)];
  if (one === undefined || one.family !== other?.family) return false;
  const [wide, narrow] = one.length <= other.length ? [one, other] : [other, one];
  return prefixContains(wide, { family: narrow.family, text: narrow.address });
}

/** The addresses that may be given to endpoints, the gateway's among them. */
export function poolSpans({ prefix: text, pools }: SubnetSpec): AddressSpan[] {
  const prefix = parsePrefix(text);
  if (prefix === undefined) return [];
  const hosts = hostRange(prefix);
  if (pools.length === 0) return [hosts];
  return pools
    .map((pool) => spanOf(pool, prefix))
    .filter((span) => span !== undefined)
    .map(({ first, last }) => ({
      first: first < hosts.first ? hosts.first : first,
      last: last > hosts.last ? hosts.last : last,
    }));
}
