/** The kinds of resources, as operators name them. */
import { invalidField, type NfvError } from '../errors.js';
import type {
  Call,
  ListRequest,
  ListResult,
  NvaApi,
  Resource,
  ResourceKind,
} from '../model/api.js';
import type { DeleteRequest } from '../model/api.js';
import { formatName, ID_RULE, isId, type Collection } from '../model/names.js';
import { nearest } from '../model/nearest.js';

/** In the order in which they are created: what others refer to comes first. */
export const KINDS = [
  'VirtualNetwork',
  'Nve',
  'Subnet',
  'Router',
  'Endpoint',
  'HostProfile',
] as const satisfies ResourceKind[];

interface Names {
  readonly collection: Collection;
  readonly singular: string;
  readonly plural: string;
  /** In a sentence. */
  readonly one: string;
  readonly aliases: readonly string[];
}

export const KIND_NAMES: Readonly<Record<ResourceKind, Names>> = {
  VirtualNetwork: {
    collection: 'virtualNetworks',
    singular: 'network',
    plural: 'networks',
    one: 'a network',
    aliases: ['net', 'nets', 'vn', 'vns', 'virtualnetwork', 'virtualnetworks'],
  },
  Nve: { collection: 'nves', singular: 'nve', plural: 'nves', one: 'an NVE', aliases: [] },
  Subnet: {
    collection: 'subnets',
    singular: 'subnet',
    plural: 'subnets',
    one: 'a subnet',
    aliases: ['sn'],
  },
  Router: {
    collection: 'routers',
    singular: 'router',
    plural: 'routers',
    one: 'a router',
    aliases: [],
  },
  Endpoint: {
    collection: 'endpoints',
    singular: 'endpoint',
    plural: 'endpoints',
    one: 'an endpoint',
    aliases: ['ep', 'eps'],
  },
  HostProfile: {
    collection: 'hostProfiles',
    singular: 'hostprofile',
    plural: 'hostprofiles',
    one: 'a host profile',
    aliases: ['hp'],
  },
};

const BY_NAME = new Map<string, ResourceKind>(
  KINDS.flatMap((kind) => {
    const { singular, plural, aliases } = KIND_NAMES[kind];
    return [singular, plural, ...aliases].map((name) => [name, kind] as const);
  }),
);

/** @throws NfvError INVALID_FIELD */
export function parseKind(text: string): ResourceKind {
  const kind = BY_NAME.get(text.toLowerCase());
  if (kind !== undefined) return kind;
  throw notAKind(text);
}

export function notAKind(text: string): NfvError {
  const known = KINDS.map((k) => KIND_NAMES[k].plural).join(', ');
  const meant = nearest(text, BY_NAME.keys());
  const remedy =
    meant === undefined ? `give one of ${known}` : `did you mean "${meant}"? kinds: ${known}`;
  return invalidField('KIND', text, 'not a kind of resource', remedy);
}

export interface ResourceRef {
  readonly kind: ResourceKind;
  readonly id: string;
}

/** `virtualNetworks/blue`, as the API names it. */
export function nameOf({ kind, id }: ResourceRef): string {
  return formatName(KIND_NAMES[kind].collection, id);
}

/** @throws NfvError INVALID_FIELD */
export function requireId(kind: ResourceKind, id: string): string {
  if (isId(id)) return id;
  throw invalidField(`${KIND_NAMES[kind].singular} NAME`, id, 'not an id', `give ${ID_RULE}`);
}

/** `KIND/NAME`. @throws NfvError INVALID_FIELD */
export function parseRef(text: string): ResourceRef {
  const slash = text.indexOf('/');
  if (slash < 0) throw invalidField('NAME', text, 'no kind', 'give KIND/NAME, or KIND NAME');
  const kind = parseKind(text.slice(0, slash));
  return { kind, id: requireId(kind, text.slice(slash + 1)) };
}

/** `KIND NAME...` or `KIND/NAME...`. @throws NfvError INVALID_FIELD */
export function parseRefs(args: readonly string[]): ResourceRef[] {
  const [first = '', ...rest] = args;
  if (first.includes('/')) return args.map(parseRef);
  const kind = parseKind(first);
  return rest.map((id) => ({ kind, id: requireId(kind, id) }));
}

/** What works the same for every kind. */
export interface AnyResourceApi {
  get(id: string, call: Call): Promise<Resource>;
  list(request: ListRequest, call: Call): Promise<ListResult<Resource>>;
  delete(request: DeleteRequest, call: Call): Promise<void>;
}

export function apiOf(nva: NvaApi, kind: ResourceKind): AnyResourceApi {
  switch (kind) {
    case 'VirtualNetwork':
      return nva.virtualNetworks;
    case 'Nve':
      return nva.nves;
    case 'Subnet':
      return nva.subnets;
    case 'Router':
      return nva.routers;
    case 'Endpoint':
      return nva.endpoints;
    case 'HostProfile':
      return nva.hostProfiles;
  }
}
