/** What a plan itself names is not free for what leaves it open, wherever either stands in the plan. */
import { parseIp } from '../../model/addresses.js';
import { COLLECTION_OF, type Specified, type Wanted } from '../../model/changes.js';
import { formatName } from '../../model/names.js';

export interface Used {
  vniUsed(vni: number): boolean;
  vrfUsed(vrf: number): boolean;
  addressUsed(network: string, ip: string): boolean;
}

export class Named implements Used {
  readonly #vnis = new Set<number>();
  readonly #vrfs = new Set<number>();
  /** `network/address`. */
  readonly #addresses = new Set<string>();

  /** @param inStore what is used whatever the plan names */
  constructor(
    wanted: readonly Wanted[],
    private readonly inStore: Used,
  ) {
    for (const each of wanted) if ('put' in each) this.#add(each.put);
  }

  vniUsed(vni: number): boolean {
    return this.#vnis.has(vni) || this.inStore.vniUsed(vni);
  }

  vrfUsed(vrf: number): boolean {
    return this.#vrfs.has(vrf) || this.inStore.vrfUsed(vrf);
  }

  addressUsed(network: string, ip: string): boolean {
    return this.#addresses.has(`${network}/${ip}`) || this.inStore.addressUsed(network, ip);
  }

  #add(put: Specified): void {
    if (put.kind === 'VirtualNetwork') this.#vnis.add(put.spec.vni);
    if (put.kind === 'Router') {
      this.#vrfs.add(put.spec.vrfId);
      this.#vnis.add(put.spec.transitVni);
    }
    if (put.kind !== 'Endpoint') return;
    const { network, ips, allowedAddresses } = put.spec;
    for (const ip of [...ips, ...allowedAddresses.map((allowed) => allowed.ip)]) {
      this.#addresses.add(`${network}/${parseIp(ip)?.text ?? ip}`);
    }
  }
}

export function nameOf(wanted: Wanted): string {
  const { kind, id } = 'put' in wanted ? wanted.put : wanted.delete;
  return formatName(COLLECTION_OF[kind], id);
}
