/** Where endpoints' addresses must lie. */
import { parseIp, parsePrefix, prefixContains } from '../../model/addresses.js';
import type { PlacedManifest } from './desired.js';

/** Prefixes of the subnets that the NVA has of a network. */
export type AskSubnets = (network: string) => Promise<readonly string[]>;

/**
 * Of networks in the manifests: their prefixes and those of their subnets; of the others nothing is known.
 * Where an address lies in none of them, `askSubnets` is asked for more; without it nothing is known of
 * that network either.
 */
export async function allowedPrefixes(
  manifests: readonly PlacedManifest[],
  askSubnets: AskSubnets | undefined,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const allowed = prefixesOfManifests(manifests);
  for (const network of withAddressesOutside(manifests, allowed)) {
    const more = await askSubnets?.(network);
    if (more === undefined) allowed.delete(network);
    else allowed.set(network, [...(allowed.get(network) ?? []), ...more]);
  }
  return allowed;
}

function prefixesOfManifests(manifests: readonly PlacedManifest[]): Map<string, string[]> {
  const allowed = new Map<string, string[]>();
  for (const { manifest: m } of manifests) {
    const { prefixes = [] } = m.kind === 'VirtualNetwork' ? m.spec : {};
    if (prefixes.length > 0) allowed.set(m.metadata.name, [...prefixes]);
  }
  for (const { manifest: m } of manifests) {
    if (m.kind === 'Subnet') allowed.get(m.spec.network)?.push(m.spec.prefix);
  }
  return allowed;
}

function withAddressesOutside(
  manifests: readonly PlacedManifest[],
  allowed: ReadonlyMap<string, readonly string[]>,
): Set<string> {
  const found = new Set<string>();
  for (const { manifest: m } of manifests) {
    if (m.kind !== 'Endpoint') continue;
    const { network, ips = [] } = m.spec;
    const prefixes = allowed.get(network);
    if (prefixes !== undefined && ips.some((ip) => isOutside(ip, prefixes))) found.add(network);
  }
  return found;
}

/** What is no address is another fault. */
function isOutside(text: string, prefixes: readonly string[]): boolean {
  const ip = parseIp(text);
  if (ip === undefined) return false;
  return !prefixes.some((each) => {
    const prefix = parsePrefix(each);
    return prefix !== undefined && prefixContains(prefix, ip);
  });
}
