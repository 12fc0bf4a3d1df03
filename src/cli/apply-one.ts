/** Making one resource what its manifest says. */
import { randomUUID } from 'node:crypto';
import { NfvError } from '../errors.js';
import type { Resource, ResourceApi } from '../model/api.js';
import { getIfThere } from './get-if-there.js';
import { nameOf } from './kinds.js';
import type { Desired } from './manifest/desired.js';
import type { NamedSubnets } from './named-subnets.js';
import {
  planEndpoint,
  planHostProfile,
  planNetwork,
  planNve,
  planRouter,
  planSubnet,
  type Plan,
} from '../model/wanted.js';
import type { Session } from './session.js';

export type Action = 'created' | 'configured' | 'unchanged';

export interface Applied {
  readonly action: Action;
  /** Absent where a dry run could not ask the NVA. */
  readonly resource?: Resource;
}

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** What this run would create, as `provides` has it: what needs it cannot be checked yet. */
  readonly pending: ReadonlySet<string>;
  readonly subnets: NamedSubnets;
}

/** How often it starts anew when the resource changes meanwhile. */
const ATTEMPTS = 3;

/** @throws NfvError */
export function applyOne(
  session: Session,
  desired: Desired,
  options: ApplyOptions,
): Promise<Applied> {
  const { nva } = session;
  switch (desired.kind) {
    case 'VirtualNetwork':
      return new Applier(session, desired, options, nva.virtualNetworks, (live) =>
        planNetwork(desired.spec, live),
      ).apply();
    case 'Nve':
      return new Applier(session, desired, options, nva.nves, (live) =>
        planNve(desired.spec, live),
      ).apply();
    case 'Subnet':
      return new Applier(session, desired, options, nva.subnets, (live) =>
        planSubnet(desired.spec, live),
      ).apply();
    case 'Router':
      return new Applier(session, desired, options, nva.routers, (live) =>
        planRouter(desired.spec, live),
      ).apply();
    case 'Endpoint':
      return new Applier(session, desired, options, nva.endpoints, async (live) => {
        const { spec } = desired;
        const named = live === undefined ? [] : await options.subnets.of(spec.subnets);
        return planEndpoint(spec, live, named);
      }).apply();
    case 'HostProfile':
      return new Applier(session, desired, options, nva.hostProfiles, (live) =>
        planHostProfile(desired.spec, live),
      ).apply();
  }
}

class Applier<Spec extends object, R extends Resource & { readonly spec: Spec }> {
  readonly #requestId = randomUUID();
  /** An update was sent, whose answer may have been lost. */
  #hasSent = false;

  constructor(
    private readonly session: Session,
    private readonly desired: Desired,
    private readonly options: ApplyOptions,
    private readonly api: ResourceApi<Spec, R>,
    private readonly plan: (live: R | undefined) => Plan<Spec> | Promise<Plan<Spec>>,
  ) {}

  async apply(): Promise<Applied> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt();
      } catch (thrown) {
        const error = NfvError.from(thrown);
        const changedMeanwhile =
          error.code === 'ALREADY_EXISTS' ||
          (error.code === 'ETAG_MISMATCH' && this.desired.etag === '');
        if (!changedMeanwhile || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #attempt(): Promise<Applied> {
    const { session, api, desired, options } = this;
    const { id } = desired;
    const live = await getIfThere(session, api, id);
    this.#checkGone(live);
    const plan = await this.plan(live);
    const validateOnly = options.dryRun;
    const isPending = needs(desired).some((name) => options.pending.has(name));
    switch (plan.action) {
      case 'none': {
        const action = this.#hasSent ? 'configured' : 'unchanged';
        return live === undefined ? { action } : { action, resource: live };
      }
      case 'create': {
        if (isPending) return { action: 'created' };
        const request = { id, spec: plan.spec, requestId: this.#requestId, validateOnly };
        const resource = await session.retry(() => api.create(request, session.call));
        return { action: 'created', resource };
      }
      case 'update': {
        if (isPending) return { action: 'configured' };
        const etag = desired.etag === '' ? (live?.meta.etag ?? '') : desired.etag;
        const request = { id, changes: plan.changes, etag, validateOnly };
        const send = (): Promise<R> => api.update(request, session.call);
        this.#hasSent = !validateOnly;
        // Where the manifest has the etag, a lost answer might have been a yes.
        const resource = await (desired.etag === '' ? session.retry(send) : send());
        return { action: 'configured', resource };
      }
    }
  }

  /** The precondition of what is not there any more. */
  #checkGone(live: R | undefined): void {
    if (live !== undefined || this.desired.etag === '') return;
    throw new NfvError('ETAG_MISMATCH', `${nameOf(this.desired)} does not exist`, {
      remedy: 'leave metadata.etag out of the manifest to create it anew',
    });
  }
}

/** What there is more of with a resource: itself, and addresses in its network. */
export function provides(desired: Desired): string[] {
  const name = nameOf(desired);
  return desired.kind === 'Subnet' ? [name, addressesIn(desired.spec.network)] : [name];
}

function needs(desired: Desired): string[] {
  switch (desired.kind) {
    case 'VirtualNetwork':
    case 'Nve':
    case 'HostProfile':
      return [];
    case 'Subnet':
      return [`virtualNetworks/${desired.spec.network}`];
    case 'Router':
      return desired.spec.subnets.map((id) => `subnets/${id}`);
    case 'Endpoint': {
      const { network, nve } = desired.spec;
      return [`virtualNetworks/${network}`, `nves/${nve}`, addressesIn(network)];
    }
  }
}

function addressesIn(network: string): string {
  return `addresses in virtualNetworks/${network}`;
}
