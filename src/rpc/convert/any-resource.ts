import { invalidField } from '../../errors.js';
import { COLLECTION_OF, type Kind, type Specified } from '../../model/changes.js';
import { formatName, isId, ID_RULE, parseName } from '../../model/names.js';
import type { AnyResource, AnyResource__Output } from '../gen/nfv/v1/AnyResource.js';
import type { WireType } from './common.js';
import { ENDPOINT } from './endpoint.js';
import { HOST_PROFILE } from './host-profile.js';
import { NVE } from './nve.js';
import { ROUTER } from './router.js';
import { SUBNET } from './subnet.js';
import { VIRTUAL_NETWORK } from './virtual-network.js';

export function specifiedToWire(is: Specified): AnyResource {
  const name = formatName(COLLECTION_OF[is.kind], is.id);
  switch (is.kind) {
    case 'VirtualNetwork':
      return { virtual_network: { ...VIRTUAL_NETWORK.specToWire(is.spec), name } };
    case 'Nve':
      return { nve: { ...NVE.specToWire(is.spec), name } };
    case 'Endpoint':
      return { endpoint: { ...ENDPOINT.specToWire(is.spec), name } };
    case 'Subnet':
      return { subnet: { ...SUBNET.specToWire(is.spec), name } };
    case 'Router':
      return { router: { ...ROUTER.specToWire(is.spec), name } };
    case 'HostProfile':
      return { host_profile: { ...HOST_PROFILE.specToWire(is.spec), name } };
  }
}

/** @throws NfvError INVALID_FIELD, fields as of the message */
export function specifiedFromWire(wire: AnyResource__Output): Specified {
  if (wire.virtual_network) {
    return { kind: 'VirtualNetwork', ...partsOf(VIRTUAL_NETWORK, wire.virtual_network) };
  }
  if (wire.nve) return { kind: 'Nve', ...partsOf(NVE, wire.nve) };
  if (wire.endpoint) return { kind: 'Endpoint', ...partsOf(ENDPOINT, wire.endpoint) };
  if (wire.subnet) return { kind: 'Subnet', ...partsOf(SUBNET, wire.subnet) };
  if (wire.router) return { kind: 'Router', ...partsOf(ROUTER, wire.router) };
  if (wire.host_profile) {
    return { kind: 'HostProfile', ...partsOf(HOST_PROFILE, wire.host_profile) };
  }
  throw invalidField('resource', '', 'missing', 'give a resource of one kind');
}

function partsOf<Spec, Resource, Wire, WireOut extends { readonly name: string }>(
  type: WireType<Spec, Resource, Wire, WireOut>,
  wire: WireOut,
): { readonly id: string; readonly spec: Spec } {
  const id = parseName(type.collection, wire.name);
  if (id === undefined) {
    const field = `${fieldOf(type.collection)}.name`;
    throw invalidField(
      field,
      wire.name,
      'not a name',
      `give ${type.collection}/ID, ID of ${ID_RULE}`,
    );
  }
  return { id, spec: type.specFromWire(wire, Object.values(type.fields)) };
}

function fieldOf(collection: string): string {
  return collection.slice(0, -1).replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `endpoints/web`; undefined: the name of no resource. */
export function parseAnyName(
  name: string,
): { readonly kind: Kind; readonly id: string } | undefined {
  const [collection = '', id = '', ...more] = name.split('/');
  const kind = KINDS.find((each) => COLLECTION_OF[each] === collection);
  return kind === undefined || more.length > 0 || !isId(id) ? undefined : { kind, id };
}

const KINDS = [
  'VirtualNetwork',
  'Nve',
  'Endpoint',
  'Subnet',
  'Router',
  'HostProfile',
] as const satisfies Kind[];
