/** A warden by the rights that the access policy grants a caller. */
import { isDeepStrictEqual } from 'node:util';
import { NfvError } from '../../errors.js';
import type { Call } from '../../model/api.js';
import { COLLECTION_OF, type Specified } from '../../model/changes.js';
import { endpointSubnets } from '../../model/endpoint.js';
import { formatName, type Collection } from '../../model/names.js';
import { subnetsNamed } from '../../model/router.js';
import type { NamedSubnet } from '../../model/subnet.js';
import { isUnlimited, Rights, type Owner } from '../access/rights.js';
import { notFound } from '../resources/references.js';
import { ANYTHING, type Judged, type Owners, type Warden } from './warden.js';

/** @throws NfvError ACCESS_DENIED for who may do nothing at all, and so not even ask */
export function wardenOf({ caller }: Call): Warden {
  if (caller === undefined || isUnlimited(caller)) return ANYTHING;
  if (caller.grants.length > 0) return new CallerWarden(new Rights(caller));
  throw new NfvError('ACCESS_DENIED', `${caller.who} has no rights here`);
}

/** The same answers as single changes get (access.ts). */
class CallerWarden implements Warden {
  constructor(private readonly rights: Rights) {}

  get readsNves(): boolean {
    return this.rights.reads('nobody');
  }

  reads(tenant: string): boolean {
    return this.rights.reads(ownerOf(tenant));
  }

  writes(tenant: string): boolean {
    return this.rights.writes(ownerOf(tenant));
  }

  async allows({ kind, id, before, after }: Judged, owners: Owners): Promise<boolean> {
    const collection = COLLECTION_OF[kind];
    const name = formatName(collection, id);
    if (before !== undefined && !this.rights.reads(before.owner)) {
      if (after === undefined) return false;
      throw new NfvError('ALREADY_EXISTS', `${name} exists`);
    }
    if (before !== undefined && !this.rights.writes(before.owner)) {
      throw this.#denied('change', collection, before.owner);
    }
    if (after === undefined) return true;
    if (!this.rights.reads(after.owner))
      throw absent(after.is) ?? this.#denied('create', collection, after.owner);
    if (!this.rights.writes(after.owner)) throw this.#denied('create', collection, after.owner);
    this.#checkProvider(before?.is, after.is, after.owner);
    await this.#checkMore(after.is, after.owner, owners);
    return true;
  }

  #checkProvider(before: Specified | undefined, after: Specified, owner: Owner): void {
    const [was, is] = [before, after].map((each) =>
      each?.kind === 'VirtualNetwork' ? each.spec.provider : undefined,
    );
    if (is !== undefined && !isDeepStrictEqual(was, is)) this.rights.checkProvider(owner);
  }

  async #checkMore(is: Specified, owner: Owner, owners: Owners): Promise<void> {
    if (is.kind === 'Endpoint') {
      this.rights.checkPort(owner, is.spec);
      await this.#subnetsRead(endpointSubnets(is.spec.subnets), owners);
    }
    if (is.kind !== 'Router') return;
    // A router joins networks: who writes it has to write each of them.
    for (const subnet of await this.#subnetsRead(subnetsNamed(is.spec), owners)) {
      this.rights.checkRouting(subnet.id, subnet.owner);
    }
  }

  async #subnetsRead(
    named: readonly NamedSubnet[],
    owners: Owners,
  ): Promise<{ readonly id: string; readonly owner: Owner }[]> {
    const subnets = [];
    for (const { field, id } of named) {
      const owner = await owners.ofSubnet(id);
      if (!this.rights.reads(owner)) throw notFound(field, 'subnets', id);
      subnets.push({ id, owner });
    }
    return subnets;
  }

  #denied(verb: string, collection: Collection, owner: Owner): NfvError {
    const whose = typeof owner === 'object' ? ` of tenant ${owner.tenant}` : '';
    return this.rights.denied(`${verb} ${collection}${whose}`);
  }
}

function ownerOf(tenant: string): Owner {
  return tenant === '' ? 'nobody' : { tenant };
}

/** The network that it would belong to cannot be read: as if it did not exist. */
function absent(is: Specified): NfvError | undefined {
  if (is.kind === 'Subnet') return notFound('subnet.network', 'virtualNetworks', is.spec.network);
  if (is.kind !== 'Endpoint') return undefined;
  return notFound('endpoint.network', 'virtualNetworks', is.spec.network);
}
