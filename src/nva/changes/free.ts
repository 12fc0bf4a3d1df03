/**
 * What resources are given that leave it open, of a plan: the same whoever makes it and as often as it is
 * made, as long as nobody else takes it.
 */
import { createHash } from 'node:crypto';
import type { Specified, Wanted } from '../../model/changes.js';
import type { SubnetSpec } from '../../model/subnet.js';
import { AddressAllocator } from '../resources/address-allocator.js';
import { macKey } from '../keys.js';
import { macFrom } from '../mac-from.js';
import type { Reads } from '../reads.js';
import { Left, orElse } from './left.js';
import { Named, nameOf, type Used } from './named.js';
import { VniAllocator } from '../resources/vni-allocator.js';

interface Allocators {
  readonly vnis: VniAllocator;
  readonly vrfs: VniAllocator;
  readonly addresses: AddressAllocator;
}

export class Free {
  readonly #left: Left;
  readonly #unused: Allocators;
  readonly #leftToo: Allocators;

  constructor(
    private readonly store: Reads,
    inStore: Used,
    range: { readonly min: number; readonly max: number },
    wanted: readonly Wanted[],
  ) {
    this.#left = new Left(inStore);
    this.#unused = allocatorsOf(new Named(wanted, inStore), range, wanted);
    this.#leftToo = allocatorsOf(new Named(wanted, this.#left), range, wanted);
  }

  /** It goes. @param is as it was */
  leaves(is: Specified): void {
    this.#left.add(is);
  }

  takeVni(): number {
    return orElse(
      () => this.#unused.vnis.take(),
      () => this.#leftToo.vnis.take(),
    );
  }

  takeVrf(): number {
    return orElse(
      () => this.#unused.vrfs.take(),
      () => this.#leftToo.vrfs.take(),
    );
  }

  takeAddress(id: string, spec: SubnetSpec): string {
    return orElse(
      () => this.#unused.addresses.take(id, spec),
      () => this.#leftToo.addresses.take(id, spec),
    );
  }

  async takeMac(network: string, id: string): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const mac = macFrom(digest(`${network}/${id}/${attempt}`).subarray(0, 5));
      if ((await this.store.get(macKey(network, mac))) === undefined) return mac;
    }
  }
}

function allocatorsOf(
  used: Used,
  { min, max }: { readonly min: number; readonly max: number },
  wanted: readonly Wanted[],
): Allocators {
  // Two plans seldom want the same.
  const seed = wanted.map((each) => nameOf(each)).join();
  const first = min + (digest(seed).readUInt32BE(0) % (max - min + 1));
  return {
    vnis: new VniAllocator(min, max, (vni) => used.vniUsed(vni), first),
    vrfs: new VniAllocator(min, max, (vrf) => used.vrfUsed(vrf), first),
    addresses: new AddressAllocator((network, ip) => used.addressUsed(network, ip)),
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
