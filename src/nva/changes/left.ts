/** What a plan takes away leaves room, for who gets nothing else: what was just freed is the last to be used again. */
import { NfvError, type ErrorCode } from '../../errors.js';
import type { Specified } from '../../model/changes.js';
import type { Used } from './named.js';

export class Left implements Used {
  readonly #vnis = new Set<number>();
  readonly #vrfs = new Set<number>();
  /** `network/address`. */
  readonly #addresses = new Set<string>();

  constructor(private readonly inStore: Used) {}

  /** It goes. @param is as it was */
  add(is: Specified): void {
    if (is.kind === 'VirtualNetwork') this.#vnis.add(is.spec.vni);
    if (is.kind === 'Router') {
      this.#vrfs.add(is.spec.vrfId);
      this.#vnis.add(is.spec.transitVni);
    }
    if (is.kind !== 'Endpoint') return;
    const { network, ips } = is.spec;
    for (const ip of ips) this.#addresses.add(`${network}/${ip}`);
  }

  vniUsed(vni: number): boolean {
    return !this.#vnis.has(vni) && this.inStore.vniUsed(vni);
  }

  vrfUsed(vrf: number): boolean {
    return !this.#vrfs.has(vrf) && this.inStore.vrfUsed(vrf);
  }

  addressUsed(network: string, ip: string): boolean {
    return !this.#addresses.has(`${network}/${ip}`) && this.inStore.addressUsed(network, ip);
  }
}

const EXHAUSTED: readonly ErrorCode[] = ['ADDRESSES_EXHAUSTED', 'VNI_EXHAUSTED'];

/** @param other what is taken where there is none of the first */
export function orElse<T>(first: () => T, other: () => T): T {
  try {
    return first();
  } catch (thrown) {
    if (!EXHAUSTED.includes(NfvError.from(thrown).code)) throw thrown;
    return other();
  }
}
