/**
 * What resources are given that leave it open, of a plan: the same whoever makes it and as often as it is
 * made, as long as nobody else takes it.
 */
import { createHash } from 'node:crypto';
import { NfvError, type ErrorCode } from '../../errors.js';
import { nameOfWanted, type Specified, type Wanted } from '../../model/changes.js';
import type { SubnetSpec } from '../../model/subnet.js';
import { AddressAllocator } from '../resources/address-allocator.js';
import { ipKey, macKey, vniKey, vrfKey } from '../keys.js';
import { macFrom } from '../mac-from.js';
import type { Reads } from '../reads.js';
import { VniAllocator } from '../resources/vni-allocator.js';
import { Identifiers, type Used } from './identifiers.js';

interface Allocators {
  readonly vnis: VniAllocator;
  readonly vrfs: VniAllocator;
  readonly addresses: AddressAllocator;
}

/** What is used up, of the sources of one kind, and how the last of them said so. */
interface Spent {
  readonly sources: number;
  readonly error: NfvError;
}

const EXHAUSTED: readonly ErrorCode[] = ['ADDRESSES_EXHAUSTED', 'VNI_EXHAUSTED'];

export class Free {
  /** What the plan names, wherever it stands there. */
  readonly #named = new Identifiers();
  /** What it takes away leaves room, for who gets nothing else: what was just freed is the last to be used again. */
  readonly #left = new Identifiers();
  /** Keys that the store has, or has with the plan so far: also what it has given already. */
  readonly #taken = new Set<string>();
  /** In the order in which they are asked. */
  readonly #sources: readonly Allocators[];
  /** Each source is looked through once: there is no more in it later. */
  readonly #spent = new Map<string, Spent>();

  /** @param store with the plan so far */
  constructor(
    private readonly store: Reads,
    inStore: Used,
    range: { readonly min: number; readonly max: number },
    wanted: readonly Wanted[],
  ) {
    for (const each of wanted) if ('put' in each) this.#named.add(each.put);
    const left: Used = {
      vniUsed: (vni) => !this.#left.vniUsed(vni) && inStore.vniUsed(vni),
      vrfUsed: (vrf) => !this.#left.vrfUsed(vrf) && inStore.vrfUsed(vrf),
      addressUsed: (network, ip) =>
        !this.#left.addressUsed(network, ip) && inStore.addressUsed(network, ip),
    };
    // Two plans seldom want the same.
    const seed = wanted.map(nameOfWanted).join();
    const first = range.min + (digest(seed).readUInt32BE(0) % (range.max - range.min + 1));
    this.#sources = [inStore, left].map((used) => this.#allocators(used, range, first));
  }

  /** It goes; to be told before anything is taken. @param is as it was */
  leaves(is: Specified): void {
    this.#left.add(is);
  }

  /** @throws NfvError VNI_EXHAUSTED */
  takeVni(): Promise<number> {
    return this.#take('vnis', ({ vnis }) => vnis.take(), vniKey);
  }

  /** @throws NfvError VNI_EXHAUSTED */
  takeVrf(): Promise<number> {
    return this.#take('vrfs', ({ vrfs }) => vrfs.take(), vrfKey);
  }

  /** @throws NfvError ADDRESSES_EXHAUSTED */
  takeAddress(id: string, spec: SubnetSpec): Promise<string> {
    const { network } = spec;
    return this.#take(
      `subnets/${id}`,
      ({ addresses }) => addresses.take(id, spec),
      (ip) => ipKey(network, ip),
    );
  }

  async takeMac(network: string, id: string): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const mac = macFrom(digest(`${network}/${id}/${attempt}`).subarray(0, 5));
      if ((await this.store.get(macKey(network, mac))) === undefined) return mac;
    }
  }

  /** @param of what it is taken of */
  async #take<T>(
    of: string,
    from: (source: Allocators) => T | Promise<T>,
    keyOf: (taken: T) => string,
  ): Promise<T> {
    for (;;) {
      const found = await this.#next(of, from);
      const key = keyOf(found);
      if ((await this.store.get(key)) === undefined) return found;
      this.#taken.add(key);
    }
  }

  async #next<T>(of: string, from: (source: Allocators) => T | Promise<T>): Promise<T> {
    for (;;) {
      const spent = this.#spent.get(of);
      const source = this.#sources[spent?.sources ?? 0];
      if (source === undefined)
        throw spent?.error ?? new NfvError('INTERNAL', 'nothing to take from');
      try {
        return await from(source);
      } catch (thrown) {
        const error = NfvError.from(thrown);
        if (!EXHAUSTED.includes(error.code)) throw error;
        this.#spent.set(of, { sources: (spent?.sources ?? 0) + 1, error });
      }
    }
  }

  #allocators(
    used: Used,
    { min, max }: { readonly min: number; readonly max: number },
    first: number,
  ): Allocators {
    const named = this.#named;
    const taken = this.#taken;
    const vniUsed = (vni: number): boolean =>
      named.vniUsed(vni) || taken.has(vniKey(vni)) || used.vniUsed(vni);
    const vrfUsed = (vrf: number): boolean =>
      named.vrfUsed(vrf) || taken.has(vrfKey(vrf)) || used.vrfUsed(vrf);
    const addressUsed = (network: string, ip: string): boolean =>
      named.addressUsed(network, ip) ||
      taken.has(ipKey(network, ip)) ||
      used.addressUsed(network, ip);
    return {
      vnis: new VniAllocator(min, max, vniUsed, first),
      vrfs: new VniAllocator(min, max, vrfUsed, first),
      addresses: new AddressAllocator(addressUsed),
    };
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
