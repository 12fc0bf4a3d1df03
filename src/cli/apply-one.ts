/** Making one resource what its manifest says. */
import { randomUUID } from 'node:crypto';
import { NfvError } from '../errors.js';
import type { Resource, ResourceApi } from '../model/api.js';
import { nameOf } from './kinds.js';
import type { Desired } from './manifest/desired.js';
import { planEndpoint, planHostProfile, planNetwork, planNve, type Plan } from './plan.js';
import type { Session } from './session.js';

export type Action = 'created' | 'configured' | 'unchanged';

export interface Applied {
  readonly action: Action;
  /** Absent where a dry run could not ask the NVA. */
  readonly resource?: Resource;
}

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Names of what this run would create: in a dry run, what refers to it cannot be checked yet. */
  readonly pending: ReadonlySet<string>;
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
    case 'Endpoint':
      return new Applier(session, desired, options, nva.endpoints, (live) =>
        planEndpoint(desired.spec, live),
      ).apply();
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
    private readonly plan: (live: R | undefined) => Plan<Spec>,
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
    const plan = this.plan(live);
    const validateOnly = options.dryRun;
    switch (plan.action) {
      case 'none': {
        const action = this.#hasSent ? 'configured' : 'unchanged';
        return live === undefined ? { action } : { action, resource: live };
      }
      case 'create': {
        if (refersTo(desired, options.pending)) return { action: 'created' };
        const request = { id, spec: plan.spec, requestId: this.#requestId, validateOnly };
        const resource = await session.retry(() => api.create(request, session.call));
        return { action: 'created', resource };
      }
      case 'update': {
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

export async function getIfThere<Spec, R>(
  session: Session,
  api: ResourceApi<Spec, R>,
  id: string,
): Promise<R | undefined> {
  try {
    return await session.retry(() => api.get(id, session.call));
  } catch (thrown) {
    const error = NfvError.from(thrown);
    if (error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function refersTo(desired: Desired, pending: ReadonlySet<string>): boolean {
  if (desired.kind !== 'Endpoint') return false;
  const { network, nve } = desired.spec;
  return pending.has(`virtualNetworks/${network}`) || pending.has(`nves/${nve}`);
}
