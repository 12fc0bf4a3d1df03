import { NfvError } from '../../errors.js';
import { addressAt } from '../../model/address-numbers.js';
import { parsePrefix } from '../../model/addresses.js';
import { inTurns } from '../in-turns.js';
import { OneByOne } from '../one-by-one.js';
import { poolSpans, type SubnetSpec } from '../../model/subnet.js';

/** Hands out addresses that nobody seems to have; the store has the last word. */
export class AddressAllocator {
  /** The last one given of each subnet. */
  readonly #last = new Map<string, bigint>();
  /** Two that look at the same time would find the same. */
  readonly #takers = new OneByOne();

  /** `used` is asked for each candidate. */
  constructor(private readonly used: (network: string, ip: string) => boolean) {}

  /**
   * Ascending, then from the beginning: an address that was just freed is the last to be used again.
   * It looks at no more of them than the network has in use, and two; others get their turn meanwhile.
   * @throws NfvError ADDRESSES_EXHAUSTED
   */
  take(id: string, spec: SubnetSpec): Promise<string> {
    return this.#takers.do(id, () => inTurns(this.#look(id, spec)));
  }

  *#look(id: string, spec: SubnetSpec): Generator<void, string> {
    const family = parsePrefix(spec.prefix)?.family ?? 'IPV4';
    for (const number of numbersAfter(this.#last.get(id) ?? -1n, spec)) {
      const address = addressAt(family, number);
      yield;
      if (address === spec.gateway || this.used(spec.network, address)) continue;
      this.#last.set(id, number);
      return address;
    }
    throw exhausted(id);
  }
}

export function exhausted(subnet: string): NfvError {
  return new NfvError('ADDRESSES_EXHAUSTED', `subnets/${subnet} has no free address in its pools`);
}

function* numbersAfter(last: bigint, spec: SubnetSpec): Generator<bigint> {
  const spans = poolSpans(spec);
  for (const span of spans) {
    for (let n = span.first > last ? span.first : last + 1n; n <= span.last; n++) yield n;
  }
  for (const span of spans) {
    for (let n = span.first; n <= span.last && n <= last; n++) yield n;
  }
}
