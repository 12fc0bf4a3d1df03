import type { SubnetSpec } from '../model/subnet.js';
import { getIfThere } from './get-if-there.js';
import type { Session } from './session.js';

/** Subnets that endpoints name, each asked for once: their prefixes do not change. */
export class NamedSubnets {
  readonly #asked = new Map<string, Promise<SubnetSpec | undefined>>();

  constructor(private readonly session: Session) {}

  /** Those that exist, in the order of their ids. @throws NfvError of the call */
  async of(ids: readonly string[]): Promise<SubnetSpec[]> {
    const specs = await Promise.all(ids.map((id) => this.#one(id)));
    return specs.filter((spec) => spec !== undefined);
  }

  #one(id: string): Promise<SubnetSpec | undefined> {
    const asked = this.#asked.get(id) ?? this.#ask(id);
    this.#asked.set(id, asked);
    return asked;
  }

  async #ask(id: string): Promise<SubnetSpec | undefined> {
    return (await getIfThere(this.session, this.session.nva.subnets, id))?.spec;
  }
}
