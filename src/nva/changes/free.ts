/**
 * What resources are given that leave it open, of a plan: the same whoever makes it and as often as it is
 * made, as long as nobody else takes it.
 */
import { createHash } from 'node:crypto';
import type { SubnetSpec } from '../../model/subnet.js';
import { AddressAllocator } from '../resources/address-allocator.js';
import { macKey } from '../keys.js';
import { macFrom } from '../mac-from.js';
import type { Reads } from '../reads.js';
import { VniAllocator } from '../resources/vni-allocator.js';

export interface Used {
  vniUsed(vni: number): boolean;
  vrfUsed(vrf: number): boolean;
  addressUsed(network: string, ip: string): boolean;
}

export class Free {
  readonly #vnis: VniAllocator;
  readonly #vrfs: VniAllocator;
  readonly #addresses: AddressAllocator;

  /** @param seed what the plan is of: two plans seldom want the same */
  constructor(
    private readonly store: Reads,
    used: Used,
    { min, max }: { readonly min: number; readonly max: number },
    seed: string,
  ) {
    const first = min + (digest(seed).readUInt32BE(0) % (max - min + 1));
    this.#vnis = new VniAllocator(min, max, (vni) => used.vniUsed(vni), first);
    this.#vrfs = new VniAllocator(min, max, (vrf) => used.vrfUsed(vrf), first);
    this.#addresses = new AddressAllocator((network, ip) => used.addressUsed(network, ip));
  }

  takeVni(): number {
    return this.#vnis.take();
  }

  takeVrf(): number {
    return this.#vrfs.take();
  }

  takeAddress(id: string, spec: SubnetSpec): string {
    return this.#addresses.take(id, spec);
  }

  async takeMac(network: string, id: string): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const mac = macFrom(digest(`${network}/${id}/${attempt}`).subarray(0, 5));
      if ((await this.store.get(macKey(network, mac))) === undefined) return mac;
    }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
