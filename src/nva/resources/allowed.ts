/**
 * What endpoints may have of their network's addresses, against what somebody has for himself: no address is
 * both. Whoever may have an address has a key, many can (`allowedOf`); whoever takes one for himself relies on
 * the generation that each such key moves.
 */
import { invalidFields, type ErrorCode, type NfvError } from '../../errors.js';
import type { PlacedEndpoint } from '../../model/migration.js';
import { allowedGenerationKey, allowedOf, ipKey, macKey } from '../keys.js';
import type { Reads } from '../reads.js';
import type { Claim, Guard } from './resource-rules.js';

/** An address that somebody wants for himself. */
export interface OwnAddress {
  readonly code: 'IP_IN_USE' | 'MAC_IN_USE';
  /** Canonical. */
  readonly address: string;
  /** That names it. */
  readonly field: string;
}

/**
 * @param owner id of the endpoint whose own they are to be; empty: no endpoint's
 * @returns that nobody comes to be allowed one of them meanwhile
 * @throws NfvError IP_IN_USE, MAC_IN_USE for those that another endpoint may have
 */
export async function notAllowed(
  store: Reads,
  network: string,
  wanted: readonly OwnAddress[],
  owner: string,
): Promise<Guard> {
  const key = allowedGenerationKey(network);
  const revision = (await store.get(key))?.modRevision ?? 0;
  // In most networks nobody ever was.
  if (revision !== 0) {
    for (const each of wanted) {
      const other = await whoMayHave(store, network, each.address, owner);
      if (other !== undefined) throw inUse(each, other);
    }
  }
  return { compare: { kind: 'revision', key, revision }, onFail: 'retry' };
}

/** Id of some endpoint but `owner` that may have it. */
export async function whoMayHave(
  store: Reads,
  network: string,
  address: string,
  owner: string,
): Promise<string | undefined> {
  const prefix = allowedOf(network, address);
  const { kvs } = await store.range({ prefix, limit: 2 });
  return kvs.map((kv) => kv.key.slice(prefix.length)).find((id) => id !== owner);
}

function inUse({ code, address, field }: OwnAddress, other: string): NfvError {
  const reason = `endpoints/${other} may have it: it is one of its allowed addresses`;
  const remedy = 'give another, or take it from the allowed addresses of all endpoints first';
  return invalidFields([{ field, value: address, reason, remedy }], code);
}

/** Of an endpoint, for what it may have; an endpoint's own addresses are claimed elsewhere. */
export function allowedClaims(id: string, { network, ...spec }: PlacedEndpoint): Claim[] {
  const macs = new Map<string, Claim>();
  const ips = spec.allowedAddresses.map(({ ip, mac }, i): Claim => {
    const field = `endpoint.allowed_addresses[${i}]`;
    if (mac !== '' && !macs.has(mac)) {
      const key = macKey(network, mac);
      const has = `an endpoint of virtualNetworks/${network} has it, or its router`;
      macs.set(
        mac,
        claim(`${allowedOf(network, mac)}${id}`, key, 'MAC_IN_USE', `${field}.mac`, mac, has),
      );
    }
    const has = `an endpoint of virtualNetworks/${network} has it for itself, or a gateway`;
    return claim(
      `${allowedOf(network, ip)}${id}`,
      ipKey(network, ip),
      'IP_IN_USE',
      `${field}.ip`,
      ip,
      has,
    );
  });
  return [...ips, ...macs.values()];
}

function claim(
  key: string,
  excluded: string,
  code: ErrorCode,
  field: string,
  value: string,
  reason: string,
): Claim {
  const remedy = 'give an address that nobody has for himself';
  const found = (): NfvError => invalidFields([{ field, value, reason, remedy }], code);
  return { key, taken: undefined, excludes: { key: excluded, found } };
}

/** Keys that are written with a change from one specification to another. */
export function allowedGenerations(...specs: readonly PlacedEndpoint[]): string[] {
  return specs
    .filter(({ allowedAddresses }) => allowedAddresses.length > 0)
    .map(({ network }) => allowedGenerationKey(network));
}
