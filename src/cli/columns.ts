/** The columns of `get`, for each kind. */
import { migrationText } from './migration-text.js';
import type { Resource, ResourceKind } from '../model/api.js';
import type { Endpoint, EndpointState } from '../model/endpoint.js';
import {
  hostProfileState,
  type HostProfileResource,
  type HostProfileState,
} from '../model/host-profile.js';
import { profileHash } from '../model/host/offer.js';
import { hasSession, type Nve, type NveState, type NveStatus } from '../model/nve.js';
import type { Labels } from '../model/resource.js';
import type { Router } from '../model/router.js';
import type { Subnet } from '../model/subnet.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../model/virtual-network.js';
import { formatAge } from './duration.js';
import { portText, yesNo } from './port-text.js';
import { poolsText } from './subnet-text.js';
import type { Colour } from './style.js';
import type { Cell } from './table.js';

const HEADERS: Readonly<Record<ResourceKind, { narrow: string[]; wide: string[] }>> = {
  VirtualNetwork: {
    narrow: ['NAME', 'TENANT', 'VNI', 'MTU', 'BUM', 'PREFIXES', 'AGE'],
    wide: ['UNDERLAY', 'LEARNING', 'ARP-SUPPRESSION', 'REVISION', 'LABELS', 'DISPLAY-NAME'],
  },
  Nve: {
    narrow: ['NAME', 'STATE', 'VTEPS', 'APPLIED', 'FAILED', 'LAST-SEEN', 'AGE'],
    wide: ['DATAPLANE', 'AGENT', 'APPLIED-REVISION', 'DRIFTS', 'LABELS', 'DISPLAY-NAME'],
  },
  Subnet: {
    narrow: ['NAME', 'NETWORK', 'PREFIX', 'GATEWAY', 'POOLS', 'AGE'],
    wide: ['REVISION', 'LABELS', 'DISPLAY-NAME'],
  },
  Router: {
    narrow: ['NAME', 'TENANT', 'VRF', 'SUBNETS', 'ROUTES', 'AGE'],
    wide: ['GATEWAY-MAC', 'REVISION', 'LABELS', 'DISPLAY-NAME'],
  },
  HostProfile: {
    narrow: ['NAME', 'STATE', 'NVES', 'APPLIED', 'HASH', 'AGE'],
    wide: ['REVISION', 'LABELS', 'DISPLAY-NAME'],
  },
  Endpoint: {
    narrow: ['NAME', 'NETWORK', 'NVE', 'MAC', 'IPS', 'STATE', 'AGE'],
    wide: [
      'SUBNETS',
      'PORT',
      'ADMIN',
      'REASON',
      'ATTACHED',
      'MIGRATION',
      'REVISION',
      'LABELS',
      'DISPLAY-NAME',
    ],
  },
};

export function headerOf(kind: ResourceKind, wide: boolean): string[] {
  const header = HEADERS[kind];
  return wide ? [...header.narrow, ...header.wide] : header.narrow;
}

/** The cells under `headerOf`. */
export function cellsOf(resource: Resource, wide: boolean, now: number): Cell[] {
  switch (resource.kind) {
    case 'VirtualNetwork':
      return networkCells(resource, wide, now);
    case 'Nve':
      return nveCells(resource, wide, now);
    case 'Subnet':
      return subnetCells(resource, wide, now);
    case 'Router':
      return routerCells(resource, wide, now);
    case 'Endpoint':
      return endpointCells(resource, wide, now);
    case 'HostProfile':
      return hostProfileCells(resource, wide, now);
  }
}

function networkCells(network: VirtualNetwork, wide: boolean, now: number): Cell[] {
  const { id, spec, effectiveMtu, meta } = network;
  const narrow = [
    id,
    spec.tenant,
    String(spec.vni),
    String(effectiveMtu),
    bumText(spec),
    listText(spec.prefixes),
    formatAge(meta.createTime, now),
  ];
  const more = [
    spec.underlayFamily,
    yesNo(spec.learning),
    yesNo(spec.arpSuppression),
    String(meta.revision),
    labelsText(spec.labels),
    spec.displayName,
  ];
  return plain(wide ? [...narrow, ...more] : narrow);
}

/** How BUM frames reach the other NVEs. */
function bumText({ provider, bumMode, bumGroup }: VirtualNetworkSpec): string {
  if (provider === undefined) return bumMode === 'MULTICAST' ? `${bumMode} ${bumGroup}` : bumMode;
  return provider.vlan === 0 ? provider.uplink : `${provider.uplink} VLAN ${provider.vlan}`;
}

function nveCells({ id, spec, status, meta }: Nve, wide: boolean, now: number): Cell[] {
  const { capabilities, itemCounts: counts } = status;
  const narrow: Cell[] = [
    { text: id },
    { text: status.state, colour: nveColour(status.state) },
    { text: listText(spec.vtepAddresses) },
    { text: `${counts.applied}/${counts.wanted}` },
    counts.failed > 0 ? { text: String(counts.failed), colour: 'red' } : { text: '0' },
    { text: lastSeen(status, now) },
    { text: formatAge(meta.createTime, now) },
  ];
  if (!wide) return narrow;
  const dataplane =
    capabilities === undefined
      ? '-'
      : `${capabilities.dataplane} ${capabilities.dataplaneVersion}`.trim();
  return [
    ...narrow,
    ...plain([
      dataplane,
      orDash(status.agentVersion),
      String(status.appliedRevision),
      String(status.driftCount),
      labelsText(spec.labels),
      spec.displayName,
    ]),
  ];
}

function lastSeen(status: NveStatus, now: number): string {
  if (status.lastSeenTime === '') return 'never';
  return hasSession(status) ? 'now' : formatAge(status.lastSeenTime, now);
}

function subnetCells({ id, spec, meta }: Subnet, wide: boolean, now: number): Cell[] {
  const narrow = [
    id,
    spec.network,
    spec.prefix,
    orDash(spec.gateway),
    poolsText(spec.pools),
    formatAge(meta.createTime, now),
  ];
  const more = [String(meta.revision), labelsText(spec.labels), spec.displayName];
  return plain(wide ? [...narrow, ...more] : narrow);
}

function routerCells({ id, spec, meta }: Router, wide: boolean, now: number): Cell[] {
  const narrow = [
    id,
    spec.tenant,
    String(spec.vrfId),
    listText(spec.subnets),
    String(spec.routes.length),
    formatAge(meta.createTime, now),
  ];
  const more = [spec.gatewayMac, String(meta.revision), labelsText(spec.labels), spec.displayName];
  return plain(wide ? [...narrow, ...more] : narrow);
}

function endpointCells({ id, spec, status, meta }: Endpoint, wide: boolean, now: number): Cell[] {
  const narrow: Cell[] = [
    ...plain([id, spec.network, spec.nve, spec.mac, listText(spec.ips)]),
    { text: status.state, colour: endpointColour(status.state) },
    { text: formatAge(meta.createTime, now) },
  ];
  if (!wide) return narrow;
  return [
    ...narrow,
    ...plain([
      listText(spec.subnets),
      portText(spec.port),
      spec.adminState,
      orDash(status.reasonCode),
      listText(status.attachments.map(({ nve, state }) => `${nve}:${state}`)),
      orDash(migrationText(status)),
      String(meta.revision),
      labelsText(spec.labels),
      spec.displayName,
    ]),
  ];
}

function hostProfileCells(
  { id, spec, status, meta }: HostProfileResource,
  wide: boolean,
  now: number,
): Cell[] {
  const state = hostProfileState(status);
  const labels = Object.keys(spec.nveLabels).length === 0 ? [] : [labelsText(spec.nveLabels)];
  const narrow: Cell[] = [
    { text: id },
    { text: state, colour: hostProfileColour(state) },
    ...plain([
      listText([...spec.nves, ...labels]),
      `${status.applied}/${status.selected}`,
      profileHash(spec.profile).slice(0, 12),
      formatAge(meta.createTime, now),
    ]),
  ];
  if (!wide) return narrow;
  return [...narrow, ...plain([String(meta.revision), labelsText(spec.labels), spec.displayName])];
}

export function hostProfileColour(state: HostProfileState): Colour {
  switch (state) {
    case 'APPLIED':
      return 'green';
    case 'PENDING':
      return 'yellow';
    case 'FAILED':
      return 'red';
    case 'UNUSED':
      return 'dim';
  }
}

export function nveColour(state: NveState): Colour {
  switch (state) {
    case 'IN_SYNC':
      return 'green';
    case 'SYNCING':
      return 'yellow';
    case 'NEVER_CONNECTED':
    case 'DEGRADED':
    case 'DISCONNECTED':
    case 'DEAD':
      return 'red';
  }
}

export function endpointColour(state: EndpointState): Colour {
  switch (state) {
    case 'ACTIVE':
      return 'green';
    case 'FAILED':
      return 'red';
    case 'PENDING':
      return 'yellow';
    case 'DOWN':
      return 'dim';
  }
}

export function labelsText(labels: Labels): string {
  return listText(Object.entries(labels).map(([key, value]) => `${key}=${value}`));
}

export function listText(values: readonly string[]): string {
  return values.length === 0 ? '-' : values.join(',');
}

export function orDash(text: string): string {
  return text === '' ? '-' : text;
}

function plain(texts: readonly string[]): Cell[] {
  return texts.map((text) => ({ text }));
}
