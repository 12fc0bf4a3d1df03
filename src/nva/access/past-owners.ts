/** Whose something was, by the networks as they were then. */
import type { GuardableNva } from './guardable.js';
import type { Owner } from './rights.js';

export class PastOwners {
  #revision = 0;
  /** Of networks as of that revision: a list and a snapshot are all of one. */
  readonly #owners = new Map<string, Owner>();

  constructor(private readonly networks: Pick<GuardableNva['virtualNetworks'], 'specAt'>) {}

  /** @throws NfvError REVISION_COMPACTED, REVISION_IN_FUTURE */
  async ofNetwork(id: string, revision: number): Promise<Owner> {
    if (revision !== this.#revision) this.#owners.clear();
    this.#revision = revision;
    const known = this.#owners.get(id);
    if (known !== undefined) return known;
    const network = await this.networks.specAt(id, revision);
    const owner = network === undefined ? 'unknown' : { tenant: network.tenant };
    if (revision === this.#revision) this.#owners.set(id, owner);
    return owner;
  }
}
