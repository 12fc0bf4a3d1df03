/**
 * The ways of a router out of the overlay. Only the NVEs that an exit names have the router in its network, each with
 * an address and a MAC of its own there; the others send to them through the router's transit: a bridge domain between
 * the router's NVEs (symmetric routing, RFC 9135 §5).
 */
import { checkHostAddress } from './host-address.js';
import { overlap } from './subnet.js';
import { checkId, type Violations } from './violations.js';

export interface RouterExitGateway {
  /** Id. */
  readonly nve: string;
  /** The router's there, in the exit's subnet; no other NVE has it. */
  readonly address: string;
}

export interface RouterExit {
  /** Id. Its network is none that the router routes on all its NVEs. */
  readonly subnet: string;
  readonly gateways: readonly RouterExitGateway[];
}

export const MAX_EXITS = 4;
const MAX_EXIT_GATEWAYS = 8;
/** Subnets, exits and gateways: a router of so many can be created in one transaction (store.ts, LIMITS.txnOps). */
export const MAX_ROUTER_PARTS = 15;

/**
 * The router's addresses in its transit, the same on all NVEs: nobody sends to them. They are what an ICMP error
 * comes from where there is no better one (the IPv4 dummy address of RFC 7600, and a ULA).
 */
export const TRANSIT_ADDRESSES = ['192.0.0.8/32', 'fd8c:51d7:3e60::8/128'] as const;

/** Whether a prefix has one of them in it. */
export const holdsTransit = (prefix: string): boolean =>
  TRANSIT_ADDRESSES.some((address) => overlap(prefix, address));

/** Each NVE that an exit names, once. */
export function gatewayNves(exits: readonly RouterExit[]): Set<string> {
  return new Set(exits.flatMap(({ gateways }) => gateways.map(({ nve }) => nve)));
}

/** @param subnets that the router routes on all its NVEs */
export function checkExits(
  v: Violations,
  exits: readonly RouterExit[],
  subnets: readonly string[],
): RouterExit[] {
  const looked = v.atMost('exits', exits, MAX_EXITS);
  const parts = subnets.length + exits.reduce((sum, { gateways }) => sum + 1 + gateways.length, 0);
  if (exits.length > 0 && parts > MAX_ROUTER_PARTS) {
    const found = `${parts} subnets, exits and gateways`;
    v.add('exits', found, 'too many', `give at most ${MAX_ROUTER_PARTS} together`);
  }
  const known: string[] = [];
  return looked.map(({ subnet, gateways }, i) => {
    const field = `exits[${i}]`;
    checkId(v, `${field}.subnet`, subnet);
    if (known.includes(subnet)) {
      v.add(`${field}.subnet`, subnet, 'given twice', 'give all its gateways in one exit');
    } else if (subnets.includes(subnet)) {
      const reason = 'a subnet that the router has on all its NVEs';
      v.add(`${field}.subnet`, subnet, reason, 'leave one of the two out');
    }
    known.push(subnet);
    return { subnet, gateways: checkGateways(v, `${field}.gateways`, gateways) };
  });
}

function checkGateways(
  v: Violations,
  field: string,
  gateways: readonly RouterExitGateway[],
): RouterExitGateway[] {
  if (gateways.length === 0 || gateways.length > MAX_EXIT_GATEWAYS) {
    const found = `${gateways.length} of them`;
    v.add(field, found, 'too few or too many', `give 1-${MAX_EXIT_GATEWAYS}`);
  }
  const nves: string[] = [];
  const addresses: string[] = [];
  return gateways.slice(0, MAX_EXIT_GATEWAYS).map(({ nve, address: text }, i) => {
    const at = `${field}[${i}]`;
    checkId(v, `${at}.nve`, nve);
    if (nves.includes(nve)) v.add(`${at}.nve`, nve, 'given twice', 'give each NVE one address');
    nves.push(nve);
    const address = checkHostAddress(v, `${at}.address`, text, addresses, '192.0.2.11');
    if (address === undefined) return { nve, address: text };
    addresses.push(address);
    return { nve, address };
  });
}
