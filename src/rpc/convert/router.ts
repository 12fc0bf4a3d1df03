import { invalidField } from '../../errors.js';
import { formatName, requireName } from '../../model/names.js';
import {
  DEFAULT_GATEWAY_MAC,
  MAX_VRF_ID,
  type Router,
  type RouterSpec,
  type StaticRoute,
} from '../../model/router.js';
import type { RouterExit } from '../../model/router-exit.js';
import { MAX_VNI } from '../../model/virtual-network.js';
import type { Router as Wire, Router__Output as WireOut } from '../gen/nfv/v1/Router.js';
import { namesOfSet, type WireType } from './common.js';
import { metaFromWire, metaToWire } from './meta.js';
import { referenceFromWire } from './reference.js';

const FIELDS = {
  display_name: 'displayName',
  tenant: 'tenant',
  vrf_id: 'vrfId',
  gateway_mac: 'gatewayMac',
  subnets: 'subnets',
  routes: 'routes',
  exits: 'exits',
  transit_vni: 'transitVni',
  labels: 'labels',
} as const satisfies Record<string, keyof RouterSpec>;

function setFields(wire: WireOut): string[] {
  const set: Record<keyof typeof FIELDS, boolean> = {
    display_name: wire.display_name !== '',
    tenant: wire.tenant !== '',
    vrf_id: wire._vrf_id !== undefined,
    gateway_mac: wire.gateway_mac !== '',
    subnets: wire.subnets.length > 0,
    routes: wire.routes.length > 0,
    exits: wire.exits.length > 0,
    transit_vni: wire._transit_vni !== undefined,
    labels: Object.keys(wire.labels).length > 0,
  };
  return namesOfSet(set);
}

function specFromWire(wire: WireOut): RouterSpec {
  return {
    displayName: wire.display_name,
    tenant: wire.tenant === '' ? 'default' : wire.tenant,
    vrfId: vrfIdFromWire(wire),
    gatewayMac: wire.gateway_mac === '' ? DEFAULT_GATEWAY_MAC : wire.gateway_mac,
    subnets: wire.subnets.map((name, i) =>
      referenceFromWire(`router.subnets[${i}]`, 'subnets', name),
    ),
    routes: wire.routes.map(routeFromWire),
    exits: wire.exits.map(exitFromWire),
    transitVni: transitVniFromWire(wire),
    labels: wire.labels,
  };
}

/** Absent is a wish for any id; 0 is the table of the host itself. */
function vrfIdFromWire(wire: WireOut): number {
  if (wire._vrf_id === undefined) return 0;
  if (wire.vrf_id !== undefined && wire.vrf_id !== 0) return wire.vrf_id;
  const remedy = `give 1-${MAX_VRF_ID}, or leave it out to get one`;
  throw invalidField('router.vrf_id', 0, 'not the id of tables', remedy);
}

/** The same of its transit's VNI. */
function transitVniFromWire(wire: WireOut): number {
  if (wire._transit_vni === undefined) return 0;
  if (wire.transit_vni !== undefined && wire.transit_vni !== 0) return wire.transit_vni;
  const remedy = `give 1-${MAX_VNI}, or leave it out to get one`;
  throw invalidField('router.transit_vni', 0, 'not a VNI', remedy);
}

function exitFromWire({ subnet, gateways }: WireOut['exits'][number], i: number): RouterExit {
  const field = `router.exits[${i}]`;
  return {
    subnet: referenceFromWire(`${field}.subnet`, 'subnets', subnet),
    gateways: gateways.map(({ nve, address }, n) => ({
      nve: referenceFromWire(`${field}.gateways[${n}].nve`, 'nves', nve),
      address,
    })),
  };
}

function routeFromWire({ prefix, next_hops, drop }: WireOut['routes'][number]): StaticRoute {
  return {
    prefix,
    nextHops: next_hops.map(({ address, weight }) => ({
      address,
      weight: weight === 0 ? 1 : weight,
    })),
    drop,
  };
}

function fromWire(wire: WireOut): Router {
  return {
    kind: 'Router',
    id: requireName('routers', wire.name),
    spec: specFromWire(wire),
    meta: metaFromWire(wire),
  };
}

function specToWire(spec: RouterSpec): Wire {
  return {
    display_name: spec.displayName,
    tenant: spec.tenant,
    ...(spec.vrfId === 0 ? {} : { vrf_id: spec.vrfId }),
    gateway_mac: spec.gatewayMac,
    subnets: spec.subnets.map((id) => formatName('subnets', id)),
    routes: spec.routes.map(({ prefix, nextHops, drop }) => ({
      prefix,
      next_hops: nextHops.map(({ address, weight }) => ({ address, weight })),
      drop,
    })),
    exits: spec.exits.map(({ subnet, gateways }) => ({
      subnet: formatName('subnets', subnet),
      gateways: gateways.map(({ nve, address }) => ({ nve: formatName('nves', nve), address })),
    })),
    ...(spec.transitVni === 0 ? {} : { transit_vni: spec.transitVni }),
    labels: { ...spec.labels },
  };
}

function toWire(router: Router): Wire {
  return {
    ...specToWire(router.spec),
    name: formatName('routers', router.id),
    ...metaToWire(router.meta),
  };
}

export const ROUTER: WireType<RouterSpec, Router, Wire, WireOut> = {
  collection: 'routers',
  fields: FIELDS,
  setFields,
  specFromWire,
  specToWire,
  toWire,
  fromWire,
};
