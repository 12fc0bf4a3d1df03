/** What a caller may do with whose resources. */
import { NfvError } from '../../errors.js';
import type { Caller, Grant, Role } from '../../model/access-policy.js';
import type { EndpointSpec } from '../../model/endpoint.js';

/** Whose a resource is: a tenant, nobody (an NVE), or of one that there is no more. */
export type Owner = { readonly tenant: string } | 'nobody' | 'unknown';

const WRITERS: readonly Role[] = ['admin', 'operator', 'tenant'];

export function isUnlimited({ grants }: Caller): boolean {
  return grants.some(
    ({ role, tenants, ports }) => role === 'admin' && tenants === undefined && ports === undefined,
  );
}

/** What a caller may, in one place. */
export class Rights {
  constructor(private readonly caller: Caller) {}

  /** Whosever it is. */
  get readsAll(): boolean {
    return this.reads('unknown');
  }

  reads(owner: Owner): boolean {
    return this.caller.grants.some((grant) => covers(grant, owner));
  }

  writes(owner: Owner): boolean {
    return this.#writing(owner).length > 0;
  }

  /** @throws NfvError ACCESS_DENIED for a kind of port that no grant for the tenant has */
  checkPort(owner: Owner, { port }: Pick<EndpointSpec, 'port'>): void {
    const allowed = this.#writing(owner).some(({ ports }) => ports?.has(port.kind) !== false);
    if (!allowed) throw this.denied(`give an endpoint a ${port.kind} port`);
  }

  /** @throws NfvError ACCESS_DENIED for who has only what a tenant may: a physical network is the operator's */
  checkProvider(owner: Owner): void {
    const allowed = this.#writing(owner).some(({ role }) => role !== 'tenant');
    if (!allowed) throw this.denied('give a network a provider');
  }

  /** @throws NfvError ACCESS_DENIED: that there is no such subnet is told by who looks for it next */
  checkRouting(subnet: string, owner: Owner): void {
    if (owner !== 'unknown' && !this.writes(owner)) throw this.denied(`route subnets/${subnet}`);
  }

  denied(what: string): NfvError {
    return new NfvError('ACCESS_DENIED', `${this.caller.who} may not ${what}`);
  }

  #writing(owner: Owner): Grant[] {
    return this.caller.grants.filter(
      (grant) =>
        covers(grant, owner) &&
        (owner === 'nobody' ? grant.role === 'admin' : WRITERS.includes(grant.role)),
    );
  }
}

function covers({ tenants }: Grant, owner: Owner): boolean {
  if (tenants === undefined) return true;
  return typeof owner === 'object' && tenants.has(owner.tenant);
}
