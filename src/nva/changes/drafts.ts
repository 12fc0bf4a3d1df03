/** The kinds of resources, as a plan takes them. */
import type { Kind, Specified, Wanted } from '../../model/changes.js';
import type { EndpointSpec } from '../../model/endpoint.js';
import { broughtSince } from '../../model/migration.js';
import type { SubnetSpec } from '../../model/subnet.js';
import {
  planEndpoint,
  planHostProfile,
  planNetwork,
  planNve,
  planRouter,
  planSubnet,
} from '../../model/wanted.js';
import type { Rules } from '../resources/collections.js';
import { specKey } from '../keys.js';
import { RECORDS } from '../records.js';
import { SpecDraft, type Draft, type DraftOptions } from './draft.js';

export interface DraftDeps extends DraftOptions {
  readonly rules: Rules;
  /** What it is said to be in the same plan, or is. */
  subnet(id: string): Promise<SubnetSpec | undefined>;
}

/** What is left open is kept: a VNI, a MAC, addresses; and what is the NVA's own: an agent's identity, a migration. */
export async function draftOf(deps: DraftDeps, wanted: Wanted): Promise<Draft> {
  if ('delete' in wanted) return draftOfDeletion(deps, wanted.delete);
  const { put } = wanted;
  const { rules } = deps;
  const { id } = put;
  switch (put.kind) {
    case 'VirtualNetwork':
      return SpecDraft.open(deps, rules.networks, network, id, (before) => {
        return planNetwork(put.spec, before && { spec: before }).spec;
      });
    case 'Nve':
      return SpecDraft.open(deps, rules.nves, nve, id, (before) => {
        return planNve(put.spec, before && { spec: before }).spec;
      });
    case 'Subnet':
      return SpecDraft.open(deps, rules.subnets, subnet, id, (before) => {
        return planSubnet(put.spec, before && { spec: before }).spec;
      });
    case 'Router':
      return SpecDraft.open(deps, rules.routers, router, id, (before) => {
        return planRouter(put.spec, before && { spec: before }).spec;
      });
    case 'Endpoint': {
      const named = await namedSubnets(deps, put.spec);
      return SpecDraft.open(deps, rules.endpoints, endpoint, id, (before) => {
        // Of an endpoint that migrated a change that is undone did not change the place.
        const spec = deps.trusted === true ? broughtSince(put.spec, before) : put.spec;
        return planEndpoint(spec, before && { spec: before }, named).spec;
      });
    }
    case 'HostProfile':
      return SpecDraft.open(deps, rules.hostProfiles, hostProfile, id, (before) => {
        return planHostProfile(put.spec, before && { spec: before }).spec;
      });
  }
}

async function namedSubnets(deps: DraftDeps, { subnets }: EndpointSpec): Promise<SubnetSpec[]> {
  const specs = await Promise.all(subnets.map((id) => deps.subnet(id)));
  return specs.filter((spec) => spec !== undefined);
}

function draftOfDeletion(
  deps: DraftDeps,
  { kind, id }: { kind: Kind; id: string },
): Promise<Draft> {
  const { rules } = deps;
  const nothing = (): undefined => undefined;
  switch (kind) {
    case 'VirtualNetwork':
      return SpecDraft.open(deps, rules.networks, network, id, nothing);
    case 'Nve':
      return SpecDraft.open(deps, rules.nves, nve, id, nothing);
    case 'Subnet':
      return SpecDraft.open(deps, rules.subnets, subnet, id, nothing);
    case 'Router':
      return SpecDraft.open(deps, rules.routers, router, id, nothing);
    case 'Endpoint':
      return SpecDraft.open(deps, rules.endpoints, endpoint, id, nothing);
    case 'HostProfile':
      return SpecDraft.open(deps, rules.hostProfiles, hostProfile, id, nothing);
  }
}

type Make<K extends Kind> = (
  id: string,
  spec: Extract<Specified, { readonly kind: K }>['spec'],
) => Specified;

const network: Make<'VirtualNetwork'> = (id, spec) => ({ kind: 'VirtualNetwork', id, spec });
const nve: Make<'Nve'> = (id, spec) => ({ kind: 'Nve', id, spec });
const subnet: Make<'Subnet'> = (id, spec) => ({ kind: 'Subnet', id, spec });
const router: Make<'Router'> = (id, spec) => ({ kind: 'Router', id, spec });
const endpoint: Make<'Endpoint'> = (id, spec) => ({ kind: 'Endpoint', id, spec });
const hostProfile: Make<'HostProfile'> = (id, spec) => ({ kind: 'HostProfile', id, spec });

/** A specification's record, as the store has it, of whatever kind. */
export function specifiedFrom(
  { collection, id }: { readonly collection: keyof typeof RECORDS; readonly id: string },
  value: string,
): Specified {
  const key = specKey(collection, id);
  switch (collection) {
    case 'virtualNetworks':
      return network(id, RECORDS.virtualNetworks.decode(key, value).spec);
    case 'nves':
      return nve(id, RECORDS.nves.decode(key, value).spec);
    case 'subnets':
      return subnet(id, RECORDS.subnets.decode(key, value).spec);
    case 'routers':
      return router(id, RECORDS.routers.decode(key, value).spec);
    case 'endpoints':
      return endpoint(id, RECORDS.endpoints.decode(key, value).spec);
    case 'hostProfiles':
      return hostProfile(id, RECORDS.hostProfiles.decode(key, value).spec);
  }
}
