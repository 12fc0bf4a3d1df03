import type {
  AdminState,
  Endpoint,
  EndpointSpec,
  EndpointState,
  Port,
} from '../../model/endpoint.js';
import { formatName, requireName } from '../../model/names.js';
import type { Endpoint as Wire, Endpoint__Output as WireOut } from '../gen/nfv/v1/Endpoint.js';
import { EnumTable, fromTimestamp, namesOfSet, toTimestamp, type WireType } from './common.js';
import {
  attachmentFromWire,
  attachmentToWire,
  migrationFromWire,
  migrationToWire,
} from './migration.js';
import { metaFromWire, metaToWire } from './meta.js';
import { portFromWire, portToWire } from './port.js';
import { referenceFromWire } from './reference.js';

const ADMIN_STATES = new EnumTable<AdminState, 'ADMIN_STATE_UP' | 'ADMIN_STATE_DOWN'>(
  ['UP', 'DOWN'],
  { UP: 'ADMIN_STATE_UP', DOWN: 'ADMIN_STATE_DOWN' },
);

const STATES = new EnumTable<
  EndpointState,
  'STATE_PENDING' | 'STATE_ACTIVE' | 'STATE_FAILED' | 'STATE_DOWN'
>(['PENDING', 'ACTIVE', 'FAILED', 'DOWN'], {
  PENDING: 'STATE_PENDING',
  ACTIVE: 'STATE_ACTIVE',
  FAILED: 'STATE_FAILED',
  DOWN: 'STATE_DOWN',
});

const FIELDS = {
  display_name: 'displayName',
  network: 'network',
  nve: 'nve',
  port: 'port',
  mac: 'mac',
  ips: 'ips',
  subnets: 'subnets',
  allowed_addresses: 'allowedAddresses',
  admin_state: 'adminState',
  labels: 'labels',
} as const satisfies Record<string, keyof EndpointSpec>;

function setFields(wire: WireOut): string[] {
  const set: Record<keyof typeof FIELDS, boolean> = {
    display_name: wire.display_name !== '',
    network: wire.network !== '',
    nve: wire.nve !== '',
    port: wire.port !== null,
    mac: wire.mac !== '',
    ips: wire.ips.length > 0,
    subnets: wire.subnets.length > 0,
    allowed_addresses: wire.allowed_addresses.length > 0,
    admin_state: wire.admin_state !== 'ADMIN_STATE_UNSPECIFIED',
    labels: Object.keys(wire.labels).length > 0,
  };
  return namesOfSet(set);
}

function specFromWire(wire: WireOut, fields: readonly (keyof EndpointSpec)[]): EndpointSpec {
  const counts = (field: keyof EndpointSpec): boolean => fields.includes(field);
  return {
    displayName: wire.display_name,
    network: counts('network')
      ? referenceFromWire('endpoint.network', 'virtualNetworks', wire.network)
      : '',
    nve: counts('nve') ? referenceFromWire('endpoint.nve', 'nves', wire.nve) : '',
    port: counts('port') ? portFromWire('endpoint.port', wire.port) : NO_PORT,
    mac: wire.mac,
    ips: wire.ips,
    subnets: wire.subnets.map((name, i) =>
      referenceFromWire(`endpoint.subnets[${i}]`, 'subnets', name),
    ),
    allowedAddresses: wire.allowed_addresses,
    adminState: ADMIN_STATES.fromWire('endpoint.admin_state', wire.admin_state, 'UP'),
    labels: wire.labels,
  };
}

/** Stands where an update does not touch the port. */
const NO_PORT: Port = { kind: 'veth', netns: '', interface: '', hostInterface: '' };

function fromWire(wire: WireOut): Endpoint {
  return {
    kind: 'Endpoint',
    id: requireName('endpoints', wire.name),
    spec: specFromWire(wire, Object.values(FIELDS)),
    status: {
      state: STATES.fromWire('state', wire.state),
      reasonCode: wire.reason_code,
      reason: wire.reason,
      attachments: wire.attachments.map(attachmentFromWire),
      held: wire.held_addresses.map(({ ip, mac, since }) => ({
        ...{ ip, mac },
        since: fromTimestamp(since),
      })),
      ...migrationFromWire(wire.migration),
    },
    meta: metaFromWire(wire),
  };
}

function specToWire(spec: EndpointSpec): Wire {
  return {
    display_name: spec.displayName,
    network: formatName('virtualNetworks', spec.network),
    nve: formatName('nves', spec.nve),
    port: portToWire(spec.port),
    mac: spec.mac,
    ips: [...spec.ips],
    subnets: spec.subnets.map((id) => formatName('subnets', id)),
    allowed_addresses: [...spec.allowedAddresses],
    admin_state: ADMIN_STATES.toWire(spec.adminState),
    labels: { ...spec.labels },
  };
}

function toWire(endpoint: Endpoint): Wire {
  const { status, meta } = endpoint;
  return {
    ...specToWire(endpoint.spec),
    name: formatName('endpoints', endpoint.id),
    state: STATES.toWire(status.state),
    reason_code: status.reasonCode,
    reason: status.reason,
    attachments: status.attachments.map(attachmentToWire),
    held_addresses: status.held.map(({ ip, mac, since }) => ({
      ...{ ip, mac },
      since: toTimestamp(since),
    })),
    migration: migrationToWire(status),
    ...metaToWire(meta),
  };
}

export const ENDPOINT: WireType<EndpointSpec, Endpoint, Wire, WireOut> = {
  collection: 'endpoints',
  fields: FIELDS,
  setFields,
  specFromWire,
  specToWire,
  toWire,
  fromWire,
};
