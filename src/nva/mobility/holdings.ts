/** Which endpoint has which allowed address, in memory: as the store has it, revision by revision. */
import { isAllowed, type AllowedAddress, type HeldAddress } from '../../model/allowed-address.js';
import type { PlacedEndpoint } from '../../model/migration.js';
import { HOLDERS } from '../keys.js';
import { HOLDER_RECORD, type HolderRecord } from './records.js';

/** A holder that came, changed or, without a value, went. */
export interface HolderChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** What counts of an endpoint. */
export interface Holder {
  readonly spec: PlacedEndpoint;
  readonly createTime: string;
}

/** Whether a record still says who has the address: the endpoint may have it, and is that very one. */
export function isInForce(
  record: Pick<HolderRecord, 'endpointTime' | 'mac'>,
  ip: string,
  network: string,
  holder: Holder | undefined,
): boolean {
  if (holder?.createTime !== record.endpointTime) return false;
  return holder.spec.network === network && isAllowed({ ip, mac: record.mac }, holder.spec);
}

export class Holdings {
  readonly #records = new Map<string, HolderRecord>();
  /** By endpoint. */
  readonly #keys = new Map<string, Set<string>>();

  /** Of all that there are. */
  keys(): Iterable<string> {
    return this.#records.keys();
  }

  /**
   * Takes the changes of one transaction in.
   * @returns the endpoints to look at anew once all of them have lost what they lose: first those that lose
   *   something, then those that gain something
   */
  *take(changes: readonly HolderChange[]): Generator<string> {
    const differing = changes
      .map(({ key, value }) => ({
        key,
        after: value === undefined ? undefined : HOLDER_RECORD.decode(key, value),
      }))
      .filter(({ key, after }) => !isSame(this.#records.get(key), after));
    const losers = new Set<string>();
    for (const { key } of differing) {
      const before = this.#records.get(key);
      if (before === undefined) continue;
      this.#records.delete(key);
      this.#keys.get(before.endpoint)?.delete(key);
      if (this.#keys.get(before.endpoint)?.size === 0) this.#keys.delete(before.endpoint);
      losers.add(before.endpoint);
    }
    yield* losers;
    const gainers = new Set<string>();
    for (const { key, after } of differing) {
      if (after === undefined) continue;
      this.#records.set(key, after);
      const keys = this.#keys.get(after.endpoint) ?? new Set();
      this.#keys.set(after.endpoint, keys.add(key));
      gainers.add(after.endpoint);
    }
    yield* gainers;
  }

  /** What an endpoint has, in the order of the addresses' text. */
  of(id: string, holder: Holder): HeldAddress[] {
    const held: HeldAddress[] = [];
    for (const key of this.#keys.get(id) ?? []) {
      const record = this.#records.get(key);
      const [network = '', ip = ''] = key.slice(HOLDERS.length).split('/');
      if (record === undefined || !isInForce(record, ip, network, holder)) continue;
      held.push({ ip, mac: record.mac, since: record.since });
    }
    return held.sort((a, b) => (a.ip < b.ip ? -1 : 1));
  }

  /** The endpoint as it is compiled. */
  withHeld(id: string, holder: Holder): PlacedEndpoint {
    const held = this.of(id, holder).map(({ ip, mac }): AllowedAddress => ({ ip, mac }));
    return held.length === 0 ? holder.spec : { ...holder.spec, held };
  }
}

function isSame(a: HolderRecord | undefined, b: HolderRecord | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.endpoint === b.endpoint &&
    a.endpointTime === b.endpointTime &&
    a.mac === b.mac &&
    a.since === b.since
  );
}
