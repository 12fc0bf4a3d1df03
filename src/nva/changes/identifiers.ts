/** What specifications have that nobody else may: VNIs, ids of tables, addresses. */
import { parseIp } from '../../model/addresses.js';
import type { Specified } from '../../model/changes.js';

export interface Used {
  vniUsed(vni: number): boolean;
  vrfUsed(vrf: number): boolean;
  /** Also if somebody has it only besides. */
  addressUsed(network: string, ip: string): boolean;
}

export class Identifiers implements Used {
  readonly #vnis = new Set<number>();
  readonly #vrfs = new Set<number>();
  /** `network/address`. */
  readonly #addresses = new Set<string>();

  add(is: Specified): void {
    if (is.kind === 'VirtualNetwork') this.#vnis.add(is.spec.vni);
    if (is.kind === 'Router') {
      this.#vrfs.add(is.spec.vrfId);
      this.#vnis.add(is.spec.transitVni);
    }
    if (is.kind !== 'Endpoint') return;
    const { network, ips, allowedAddresses } = is.spec;
    for (const ip of [...ips, ...allowedAddresses.map((allowed) => allowed.ip)]) {
      this.#addresses.add(`${network}/${parseIp(ip)?.text ?? ip}`);
    }
  }

  vniUsed(vni: number): boolean {
    return this.#vnis.has(vni);
  }

  vrfUsed(vrf: number): boolean {
    return this.#vrfs.has(vrf);
  }

  addressUsed(network: string, ip: string): boolean {
    return this.#addresses.has(`${network}/${ip}`);
  }
}
