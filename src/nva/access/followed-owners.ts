/** Whose networks are while a watch goes on, each read once until it is written again. */
import { formatName } from '../../model/names.js';
import type { GuardableNva } from './guardable.js';
import type { Owner } from './rights.js';

const nameOf = (id: string): string => formatName('virtualNetworks', id);

export class FollowedOwners {
  /** By the network's name, as of the revision that the watch is at. */
  readonly #now = new Map<string, Owner>();
  /** Of what was written at that revision: as it was just before. */
  readonly #before = new Map<string, Owner>();
  #written: ReadonlySet<string> = new Set();

  constructor(private readonly networks: Pick<GuardableNva['virtualNetworks'], 'specAt'>) {}

  /** To the next revision, whose owners are asked for from now on. */
  goOn(respecified: ReadonlySet<string>): void {
    this.#written = respecified;
    this.#before.clear();
    for (const name of respecified) {
      const known = this.#now.get(name);
      if (known === undefined) continue;
      this.#before.set(name, known);
      this.#now.delete(name);
    }
  }

  isWritten(id: string): boolean {
    return this.#written.has(nameOf(id));
  }

  /** @throws NfvError REVISION_COMPACTED */
  at(revision: number, id: string): Promise<Owner> {
    return this.#owner(this.#now, id, revision);
  }

  /** Just before it. @throws NfvError REVISION_COMPACTED */
  before(revision: number, id: string): Promise<Owner> {
    return this.#owner(this.isWritten(id) ? this.#before : this.#now, id, revision - 1);
  }

  async #owner(known: Map<string, Owner>, id: string, revision: number): Promise<Owner> {
    const name = nameOf(id);
    const before = known.get(name);
    if (before !== undefined) return before;
    const spec = await this.networks.specAt(id, revision);
    const owner = spec === undefined ? 'unknown' : { tenant: spec.tenant };
    known.set(name, owner);
    return owner;
  }
}
