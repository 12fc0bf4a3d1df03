import { invalidField } from '../../errors.js';
import { formatName, requireName } from '../../model/names.js';
import { FIRST_ADDRESS, type Subnet, type SubnetSpec } from '../../model/subnet.js';
import type { Subnet as Wire, Subnet__Output as WireOut } from '../gen/nfv/v1/Subnet.js';
import { namesOfSet, type WireType } from './common.js';
import { metaFromWire, metaToWire } from './meta.js';
import { referenceFromWire } from './reference.js';

const FIELDS = {
  display_name: 'displayName',
  network: 'network',
  prefix: 'prefix',
  gateway: 'gateway',
  pools: 'pools',
  labels: 'labels',
} as const satisfies Record<string, keyof SubnetSpec>;

function setFields(wire: WireOut): string[] {
  const set: Record<keyof typeof FIELDS, boolean> = {
    display_name: wire.display_name !== '',
    network: wire.network !== '',
    prefix: wire.prefix !== '',
    gateway: wire._gateway !== undefined,
    pools: wire.pools.length > 0,
    labels: Object.keys(wire.labels).length > 0,
  };
  return namesOfSet(set);
}

function specFromWire(wire: WireOut, fields: readonly (keyof SubnetSpec)[]): SubnetSpec {
  return {
    displayName: wire.display_name,
    network: fields.includes('network')
      ? referenceFromWire('subnet.network', 'virtualNetworks', wire.network)
      : '',
    prefix: wire.prefix,
    gateway: gatewayFromWire(wire),
    pools: wire.pools.map(({ first, last }) => ({ first, last })),
    labels: wire.labels,
  };
}

/** Absent is a wish for the first address, which has no name on the wire. */
function gatewayFromWire({ _gateway, gateway = '' }: WireOut): string {
  if (_gateway === undefined) return FIRST_ADDRESS;
  if (gateway !== FIRST_ADDRESS) return gateway;
  const remedy = 'give one, leave it out to get the first, or leave it empty for none';
  throw invalidField('subnet.gateway', gateway, 'not an IP address', remedy);
}

function fromWire(wire: WireOut): Subnet {
  return {
    kind: 'Subnet',
    id: requireName('subnets', wire.name),
    spec: specFromWire(wire, Object.values(FIELDS)),
    meta: metaFromWire(wire),
  };
}

function specToWire(spec: SubnetSpec): Wire {
  return {
    display_name: spec.displayName,
    network: formatName('virtualNetworks', spec.network),
    prefix: spec.prefix,
    ...(spec.gateway === FIRST_ADDRESS ? {} : { gateway: spec.gateway }),
    pools: spec.pools.map(({ first, last }) => ({ first, last })),
    labels: { ...spec.labels },
  };
}

function toWire(subnet: Subnet): Wire {
  return {
    ...specToWire(subnet.spec),
    name: formatName('subnets', subnet.id),
    ...metaToWire(subnet.meta),
  };
}

export const SUBNET: WireType<SubnetSpec, Subnet, Wire, WireOut> = {
  collection: 'subnets',
  fields: FIELDS,
  setFields,
  specFromWire,
  specToWire,
  toWire,
  fromWire,
};
