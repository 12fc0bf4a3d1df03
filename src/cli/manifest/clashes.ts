/** What manifests want for themselves alone, and cannot have together. */
import { show, type FieldViolation } from '../../errors.js';
import { parsePrefix, prefixContains, type Ip, type Prefix } from '../../model/addresses.js';
import { numberOf } from '../../model/address-numbers.js';
import type { Desired, DesiredRouter, DesiredSubnet } from './desired.js';

/** @returns a violation for each thing that an earlier manifest wants too */
export function clashes(desired: readonly Desired[]): FieldViolation[] {
  const claims = new Claims();
  const subnets = new Map(
    desired.flatMap((d) => (d.kind === 'Subnet' ? [[d.id, d] as const] : [])),
  );
  for (const d of desired) {
    claims.add(d, `${d.kind} ${d.id}`, d.id, ['metadata', 'name']);
    switch (d.kind) {
      case 'VirtualNetwork': {
        const { vni, provider } = d.spec;
        if (vni !== 0) claims.add(d, `vni ${vni}`, vni, ['spec', 'vni']);
        if (provider !== undefined) {
          const { uplink, vlan } = provider;
          claims.add(d, `provider ${uplink} ${vlan}`, vlan, ['spec', 'provider', 'vlan']);
        }
        break;
      }
      case 'Nve':
        for (const [i, address] of d.spec.vtepAddresses.entries()) {
          claims.add(d, `vtep ${address}`, address, ['spec', 'vtepAddresses', i]);
        }
        break;
      case 'Subnet': {
        const { network, gateway } = d.spec;
        if (gateway !== '') claims.add(d, `ip ${network} ${gateway}`, gateway, ['spec', 'gateway']);
        break;
      }
      case 'Router':
        claimRouter(claims, d, subnets);
        break;
      case 'Endpoint': {
        const { network, mac, ips } = d.spec;
        if (mac !== '') claims.add(d, `mac ${network} ${mac}`, mac, ['spec', 'mac']);
        for (const [i, ip] of ips.entries()) {
          claims.add(d, `ip ${network} ${ip}`, ip, ['spec', 'ips', i]);
        }
        break;
      }
      case 'HostProfile':
        break;
    }
  }
  return [...claims.found, ...overlaps([...subnets.values()])];
}

class Claims {
  readonly found: FieldViolation[] = [];
  readonly #owners = new Map<string, Desired>();

  add(owner: Desired, key: string, value: unknown, path: (string | number)[]): void {
    const other = this.#owners.get(key);
    if (other === undefined) {
      this.#owners.set(key, owner);
      return;
    }
    const same = other.kind === owner.kind && other.id === owner.id;
    this.found.push({
      field: owner.where(path),
      value: show(value),
      reason: same ? `already in ${other.place}` : `also given to ${other.id} in ${other.place}`,
      remedy: same ? 'leave one of the two out' : 'give it to one of them only',
    });
  }
}

/** A network has one router; which network a subnet is of, only its manifest tells. */
function claimRouter(
  claims: Claims,
  router: DesiredRouter,
  subnets: ReadonlyMap<string, DesiredSubnet>,
): void {
  const { vrfId } = router.spec;
  if (vrfId !== 0) claims.add(router, `vrf ${vrfId}`, vrfId, ['spec', 'vrfId']);
  const networks = new Set<string>();
  const named = [
    ...router.spec.subnets.map((id, i) => ({ id, path: ['spec', 'subnets', i] })),
    ...router.spec.exits.map(({ subnet: id }, i) => ({ id, path: ['spec', 'exits', i, 'subnet'] })),
  ];
  for (const { id, path } of named) {
    claims.add(router, `router of subnet ${id}`, id, path);
    const network = subnets.get(id)?.spec.network;
    if (network === undefined || networks.has(network)) continue;
    networks.add(network);
    claims.add(router, `router of ${network}`, `${id} of ${network}`, path);
  }
}

interface Placed {
  readonly subnet: DesiredSubnet;
  readonly prefix: Prefix;
  readonly first: bigint;
}

/** Prefixes either hold one another or have nothing in common: each is compared with one other. */
function overlaps(subnets: readonly DesiredSubnet[]): FieldViolation[] {
  const all = subnets.map(placed).filter((each) => each !== undefined);
  const found: FieldViolation[] = [];
  const widest = new Map<string, Placed>();
  for (const each of all.sort(compare)) {
    const { subnet, prefix } = each;
    const key = `${subnet.spec.network} ${prefix.family}`;
    const other = widest.get(key);
    if (other === undefined || !prefixContains(other.prefix, ipOf(prefix))) {
      widest.set(key, each);
      continue;
    }
    found.push({
      field: subnet.where(['spec', 'prefix']),
      value: show(prefix.text),
      reason: `overlaps with ${other.subnet.id}, ${other.prefix.text}, in ${other.subnet.place}`,
      remedy: 'give a prefix that no other subnet of the network has',
    });
  }
  return found;
}

function placed(subnet: DesiredSubnet): Placed | undefined {
  const prefix = parsePrefix(subnet.spec.prefix);
  if (prefix === undefined) return undefined;
  return { subnet, prefix, first: numberOf(ipOf(prefix)) };
}

function ipOf({ family, address }: Prefix): Ip {
  return { family, text: address };
}

/** Lower ones first, and of those that begin at the same address the wider ones. */
function compare(a: Placed, b: Placed): number {
  if (a.first !== b.first) return a.first < b.first ? -1 : 1;
  return a.prefix.length - b.prefix.length;
}
