/** Filters on resources: which fields each kind has, and how a value of it is written. */
import { NfvError } from '../errors.js';
import type { Resource, ResourceKind } from './api.js';
import { parseIp, parseMac } from './addresses.js';
import { CHANGE_VERBS } from './changes.js';
import { DATAPLANE_SESSIONS, FEATURE_STATES } from './dataplane-status.js';
import { ATTACHMENT_CAUSES, ATTACHMENT_STATES } from './attachment.js';
import { HOST_PHASES } from './host/offer.js';
import { DRIFT_POLICIES } from './drift-policy.js';
import { ADDRESS_KINDS } from './duplicates.js';
import { fieldsOf } from './filter-fields.js';
import type { Comparator } from './filter-scanner.js';
import { invalidFilter, MATCH_ALL, matches, parseFilter } from './filter.js';
import type { FieldRecord, Filter, Restriction } from './filter.js';
import { formatName, type Collection } from './names.js';
import { MIGRATION_PHASES } from './migration-phase.js';
import { nearest } from './nearest.js';
import { NVE_STATES } from './nve.js';
import { ENCAPSULATIONS } from './virtual-network.js';

/**
 * A filter on resources of some kinds, compiled. What can only be said of another of the kinds
 * (it has the field, or its field can have the value) does not hold of a resource.
 * @throws NfvError INVALID_FILTER: syntax, unknown fields, values that a field cannot have.
 */
export function resourceFilter(
  text: string,
  kinds: readonly ResourceKind[],
): (resource: Resource) => boolean {
  const filter = parseFilter(text);
  if (filter === MATCH_ALL) return (resource) => kinds.includes(resource.kind);
  check(
    filter,
    kinds.map((kind) => FILTER_FIELDS[kind]),
  );
  const bound = new Map(kinds.map((kind) => [kind, bind(filter, FILTER_FIELDS[kind])] as const));
  return (resource) => {
    const own = bound.get(resource.kind);
    return own !== undefined && matches(own, fieldsOf(resource));
  };
}

/** A filter on what has these fields. @throws NfvError INVALID_FILTER */
export function recordFilter(text: string, fields: Fields): (record: FieldRecord) => boolean {
  const filter = parseFilter(text);
  check(filter, [fields]);
  const bound = bind(filter, fields);
  return (record) => matches(bound, record);
}

export interface FieldType {
  readonly comparators: readonly Comparator[];
  /** The value as the field has it; undefined if it cannot have such a value. */
  readonly canonical: (value: string, open: boolean) => string | undefined;
  /** What a value can be, for people. */
  readonly rule: string;
}

const EQUALITY: readonly Comparator[] = ['=', '!=', ':'];
const ORDER: readonly Comparator[] = [...EQUALITY, '<', '<=', '>', '>='];

const TEXT: FieldType = { comparators: ORDER, canonical: (value) => value, rule: 'text' };

const NUMBER: FieldType = {
  comparators: ORDER,
  canonical: (value, open) => (!open && /^-?\d+(\.\d+)?$/.test(value) ? value : undefined),
  rule: 'a number',
};

const BOOL: FieldType = {
  comparators: EQUALITY,
  canonical: (value, open) => (!open && /^(true|false)$/.test(value) ? value : undefined),
  rule: 'true or false',
};

const TIME: FieldType = {
  comparators: ORDER,
  canonical(value, open) {
    if (open) return value;
    const ms = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : NaN;
    return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
  },
  rule: 'a time, e.g. "2026-01-31T12:00:00Z"',
};

const MAC: FieldType = {
  comparators: EQUALITY,
  canonical: (value, open) => (open ? value.toLowerCase() : parseMac(value)),
  rule: 'a MAC',
};

const IP: FieldType = {
  comparators: EQUALITY,
  canonical: (value, open) => (open ? value.toLowerCase() : parseIp(value)?.text),
  rule: 'an IP address',
};

/** With or without the prefix that all its values have on the wire. */
function enumeration(prefix: string, names: readonly string[]): FieldType {
  return {
    comparators: EQUALITY,
    canonical(value, open) {
      const upper = value.toUpperCase();
      const full = upper.startsWith(prefix) ? upper : `${prefix}${upper}`;
      return open || names.includes(full.slice(prefix.length)) ? full : undefined;
    },
    rule: `one of ${names.join(', ')}`,
  };
}

/** `collection/id`, or the id alone. */
function reference(collection: Collection): FieldType {
  return {
    comparators: ORDER,
    canonical: (value) => (value.includes('/') ? value : formatName(collection, value)),
    rule: `"${collection}/ID"`,
  };
}

const META = {
  etag: TEXT,
  revision: NUMBER,
  create_time: TIME,
  update_time: TIME,
} as const satisfies Record<string, FieldType>;

export type Fields = Readonly<Record<string, FieldType>>;

/** Of each kind, under its dotted name; a map stands for each `labels.KEY` too. */
export const FILTER_FIELDS: Readonly<Record<ResourceKind, Fields>> = {
  VirtualNetwork: {
    name: reference('virtualNetworks'),
    display_name: TEXT,
    tenant: TEXT,
    vni: NUMBER,
    encapsulation: enumeration('ENCAPSULATION_', ENCAPSULATIONS),
    mtu: NUMBER,
    bum_mode: enumeration('BUM_MODE_', ['HEAD_END', 'MULTICAST', 'NONE']),
    bum_group: TEXT,
    learning: BOOL,
    arp_suppression: BOOL,
    prefixes: TEXT,
    underlay_family: enumeration('UNDERLAY_FAMILY_', ['IPV4', 'IPV6']),
    drift_policy: enumeration('DRIFT_POLICY_', ['UNSPECIFIED', ...DRIFT_POLICIES]),
    labels: TEXT,
    'provider.uplink': TEXT,
    'provider.vlan': NUMBER,
    effective_mtu: NUMBER,
    'duplicates.kind': enumeration('KIND_', ADDRESS_KINDS),
    'duplicates.address': TEXT,
    'duplicates.endpoint': reference('endpoints'),
    'duplicates.nve': reference('nves'),
    'duplicates.moves': NUMBER,
    'duplicates.since': TIME,
    'duplicates.until': TIME,
    ...META,
  },
  Nve: {
    name: reference('nves'),
    display_name: TEXT,
    vtep_addresses: IP,
    labels: TEXT,
    state: enumeration('STATE_', NVE_STATES),
    reason_code: TEXT,
    reason: TEXT,
    'capabilities.dataplane': TEXT,
    'capabilities.dataplane_version': TEXT,
    'capabilities.item_kinds': TEXT,
    'capabilities.encapsulations': TEXT,
    'capabilities.port_kinds': TEXT,
    'capabilities.bum_modes': TEXT,
    'capabilities.provider_uplinks.name': TEXT,
    'capabilities.provider_uplinks.interface': TEXT,
    'capabilities.provider_uplinks.mtu': NUMBER,
    'capabilities.provider_uplinks.vlans': BOOL,
    'capabilities.sees_addresses': BOOL,
    'underlays.address': IP,
    'underlays.interface': TEXT,
    'underlays.mtu': NUMBER,
    agent_version: TEXT,
    node_uuid: TEXT,
    last_seen_time: TIME,
    'item_counts.wanted': NUMBER,
    'item_counts.applied': NUMBER,
    'item_counts.failed': NUMBER,
    applied_revision: NUMBER,
    'failures.key': TEXT,
    'failures.code': TEXT,
    'failures.message': TEXT,
    'drifts.key': TEXT,
    'drifts.difference': TEXT,
    'drifts.action': enumeration('ACTION_', ['REPAIRED', 'REPORTED', 'FAILED']),
    'drifts.time': TIME,
    drift_count: NUMBER,
    drifted_count: NUMBER,
    'dataplane.session': enumeration('SESSION_', DATAPLANE_SESSIONS),
    'dataplane.since': TIME,
    'dataplane.reason_code': TEXT,
    'dataplane.reason': TEXT,
    'dataplane.restarts': NUMBER,
    'dataplane.boot': TEXT,
    'dataplane.features.name': TEXT,
    'dataplane.features.state': enumeration('STATE_', FEATURE_STATES),
    'dataplane.features.problems': TEXT,
    'dataplane.plugins.name': TEXT,
    'dataplane.plugins.version': TEXT,
    'host.profile': TEXT,
    'host.wanted_hash': TEXT,
    'host.applied_profile': TEXT,
    'host.applied_hash': TEXT,
    'host.phase': enumeration('PHASE_', HOST_PHASES),
    'host.reason_code': TEXT,
    'host.reason': TEXT,
    ...META,
  },
  Endpoint: {
    name: reference('endpoints'),
    display_name: TEXT,
    network: reference('virtualNetworks'),
    nve: reference('nves'),
    'port.veth.netns': TEXT,
    'port.veth.interface': TEXT,
    'port.veth.host_interface': TEXT,
    'port.tap.interface': TEXT,
    'port.tap.owner_uid': NUMBER,
    'port.tap.multi_queue': BOOL,
    'port.tap.vnet_hdr': BOOL,
    'port.host_interface.interface': TEXT,
    'port.vhost_user.socket': TEXT,
    'port.vhost_user.role': enumeration('ROLE_', ['SERVER', 'CLIENT']),
    'port.vhost_user.socket_mode': NUMBER,
    'port.vhost_user.owner_uid': NUMBER,
    'port.vhost_user.owner_gid': NUMBER,
    'port.vhost_user.gso': BOOL,
    'port.vhost_user.packed_ring': BOOL,
    'port.vhost_user.event_idx': BOOL,
    'port.vhost_user.disable_mrg_rxbuf': BOOL,
    'port.vhost_user.disable_indirect_desc': BOOL,
    'port.memif.socket': TEXT,
    'port.memif.role': enumeration('ROLE_', ['MASTER', 'SLAVE']),
    'port.memif.id': NUMBER,
    'port.memif.ring_size': NUMBER,
    'port.memif.buffer_size': NUMBER,
    'port.memif.secret_name': TEXT,
    'port.vlan.parent': TEXT,
    'port.vlan.outer_vlan_id': NUMBER,
    'port.vlan.inner_vlan_id': NUMBER,
    'port.vlan.dot1ad': BOOL,
    'port.vpp_interface.interface': TEXT,
    mac: MAC,
    ips: IP,
    subnets: reference('subnets'),
    'allowed_addresses.ip': IP,
    'allowed_addresses.mac': MAC,
    admin_state: enumeration('ADMIN_STATE_', ['UP', 'DOWN']),
    labels: TEXT,
    state: enumeration('STATE_', ['PENDING', 'ACTIVE', 'FAILED', 'DOWN']),
    reason_code: TEXT,
    reason: TEXT,
    'attachments.nve': reference('nves'),
    'attachments.state': enumeration('STATE_', ATTACHMENT_STATES),
    'attachments.cause': enumeration('CAUSE_', ATTACHMENT_CAUSES),
    'attachments.migration_id': TEXT,
    'held_addresses.ip': IP,
    'held_addresses.mac': MAC,
    'held_addresses.since': TIME,
    'migration.id': TEXT,
    'migration.source': reference('nves'),
    'migration.target': reference('nves'),
    'migration.phase': enumeration('PHASE_', MIGRATION_PHASES),
    'migration.reason_code': TEXT,
    'migration.reason': TEXT,
    ...META,
  },
  Subnet: {
    name: reference('subnets'),
    display_name: TEXT,
    network: reference('virtualNetworks'),
    prefix: TEXT,
    gateway: IP,
    'pools.first': IP,
    'pools.last': IP,
    labels: TEXT,
    ...META,
  },
  Router: {
    name: reference('routers'),
    display_name: TEXT,
    tenant: TEXT,
    vrf_id: NUMBER,
    gateway_mac: MAC,
    subnets: reference('subnets'),
    'routes.prefix': TEXT,
    'routes.next_hops.address': IP,
    'routes.next_hops.weight': NUMBER,
    'routes.drop': BOOL,
    'exits.subnet': reference('subnets'),
    'exits.gateways.nve': reference('nves'),
    'exits.gateways.address': IP,
    transit_vni: NUMBER,
    labels: TEXT,
    ...META,
  },
  HostProfile: {
    name: reference('hostProfiles'),
    display_name: TEXT,
    profile: TEXT,
    nves: reference('nves'),
    nve_labels: TEXT,
    labels: TEXT,
    profile_hash: TEXT,
    selected_count: NUMBER,
    applied_count: NUMBER,
    'targets.nve': reference('nves'),
    'targets.phase': enumeration('PHASE_', HOST_PHASES),
    'targets.reason_code': TEXT,
    'targets.reason': TEXT,
    ...META,
  },
};

/** Of a change (changes.ts). */
export const CHANGE_FILTER_FIELDS: Fields = {
  name: TEXT,
  revision: NUMBER,
  time: TIME,
  who: TEXT,
  verb: enumeration('VERB_', CHANGE_VERBS),
  target_revision: NUMBER,
  resources: TEXT,
  pending: BOOL,
};

/** Whose keys are the users'. */
const MAPS: readonly string[] = ['labels', 'nve_labels'];

/** What stands at a path: a field, a group of fields to be asked for with `:`, or nothing. */
function typeAt(fields: Fields, path: readonly string[]): FieldType | 'group' | undefined {
  const [first = ''] = path;
  if (MAPS.includes(first) && Object.hasOwn(fields, first))
    return path.length === 1 ? 'group' : path.length === 2 ? TEXT : undefined;
  const name = path.join('.');
  if (Object.hasOwn(fields, name)) return fields[name];
  return Object.keys(fields).some((field) => field.startsWith(`${name}.`)) ? 'group' : undefined;
}

function check(filter: Filter, all: readonly Fields[]): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const part of filter.parts) check(part, all);
      break;
    case 'not':
      check(filter.part, all);
      break;
    case 'restriction':
      checkRestriction(filter, all);
      break;
  }
}

/** One kind that it can be said of is enough. */
function checkRestriction(r: Restriction, all: readonly Fields[]): void {
  const bound = all.map((fields) => bindRestriction(r, fields)).filter((b) => b !== NOTHING);
  if (bound.length === 0) throw noSuchField(r, all);
  const [first] = bound;
  if (first instanceof NfvError && bound.every((b) => b instanceof NfvError)) throw first;
}

function noSuchField({ path, position }: Restriction, all: readonly Fields[]): NfvError {
  const known = [...new Set(all.flatMap((fields) => Object.keys(fields)))];
  const name = path.join('.');
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `did you mean "${meant}"? `;
  const remedy = `${hint}known: ${known.join(', ')}`;
  return invalidFilter(name, `at character ${position}: no such field`, remedy);
}

/** Never matches. */
const NOTHING: Filter = { kind: 'or', parts: [] };

function bind(filter: Filter, fields: Fields): Filter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { ...filter, parts: filter.parts.map((part) => bind(part, fields)) };
    case 'not':
      return { ...filter, part: bind(filter.part, fields) };
    case 'restriction': {
      const bound = bindRestriction(filter, fields);
      if (!(bound instanceof NfvError)) return bound;
      return filter.comparator === '!=' ? MATCH_ALL : NOTHING;
    }
  }
}

/** NOTHING: there is no such field. */
function bindRestriction(r: Restriction, fields: Fields): Filter | NfvError {
  const type = typeAt(fields, r.path);
  if (type === undefined) return NOTHING;
  return type === 'group' ? bindGroup(r) : bindField(r, type);
}

function bindGroup(r: Restriction): Filter | NfvError {
  if (r.comparator === ':') return r;
  const reason = `at character ${r.position}: not to be compared with ${r.comparator}`;
  return invalidFilter(
    r.path.join('.'),
    reason,
    'ask what it has with ":", or name one of its fields',
  );
}

/** A label may be there and be empty. */
function bindPresence(r: Restriction): Filter {
  const [map, key] = r.path;
  if (map !== 'labels' || key === undefined) return r;
  return { ...r, path: [map], value: key, open: false };
}

function bindField(r: Restriction, type: FieldType): Filter | NfvError {
  const place = `at character ${r.position}: `;
  if (!type.comparators.includes(r.comparator)) {
    const reason = `${place}not to be compared with ${r.comparator}`;
    return invalidFilter(r.path.join('.'), reason, `use one of ${type.comparators.join(' ')}`);
  }
  if (r.open && !EQUALITY.includes(r.comparator)) {
    return invalidFilter(
      `${r.value}*`,
      `${place}* after ${r.comparator}`,
      'use it with =, != or :',
    );
  }
  if (r.open && r.value === '' && r.comparator === ':') return bindPresence(r);
  const value = type.canonical(r.value, r.open);
  if (value === undefined) {
    const name = r.path.join('.');
    return invalidFilter(r.value, `${place}not a value that ${name} can have`, `give ${type.rule}`);
  }
  return { ...r, value };
}
