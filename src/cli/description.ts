/** What `describe` prints. Pure. */
import { ERROR_TABLE, isErrorCode } from '../errors.js';
import type { Endpoint } from '../model/endpoint.js';
import { hasSession, type Capabilities, type Nve, type ProviderUplink } from '../model/nve.js';
import type { Router, RouterSpec } from '../model/router.js';
import type { Subnet } from '../model/subnet.js';
import type { EndpointCounters } from '../model/trace.js';
import type { VirtualNetwork, VirtualNetworkSpec } from '../model/virtual-network.js';
import { allowedText, heldText } from './allowed-text.js';
import { cellsOf, endpointColour, headerOf, listText, nveColour } from './columns.js';
import { formatAge } from './duration.js';
import { dataplaneFields, dataplaneTables } from './describe-dataplane.js';
import { common, metaFields } from './describe-common.js';
import { hostFields } from './describe-host.js';
import { attachmentFields, migrationFields } from './describe-migration.js';
import { fields, textTable, titled, type DescribeContext, type Field } from './describe-text.js';
import { portFields, yesNo } from './port-text.js';
import { hopsText } from './route-text.js';
import { poolsText } from './subnet-text.js';

/** What there is in a network. */
export interface NetworkParts {
  readonly subnets: readonly Subnet[];
  readonly endpoints: readonly Endpoint[];
  readonly nves: readonly Nve[];
}

export function describeNetwork(
  network: VirtualNetwork,
  { subnets, endpoints, nves }: NetworkParts,
  context: DescribeContext,
): string {
  const { id, spec, effectiveMtu, meta } = network;
  const derived = spec.mtu === 0 ? ' (derived)' : '';
  return [
    fields(context.paint, [
      ['Name', id],
      ...common(spec.displayName, spec.labels),
      ['Tenant', spec.tenant],
      ['VNI', String(spec.vni)],
      ...carrierFields(spec, `${effectiveMtu}${derived}`),
      ['Learning', yesNo(spec.learning)],
      ['ARP suppression', yesNo(spec.arpSuppression)],
      ['Drift policy', spec.driftPolicy === 'DEFAULT' ? "the agents' own" : spec.driftPolicy],
      ['Prefixes', listText(spec.prefixes)],
      ...metaFields(meta, context),
    ]),
    resourceTable('Subnets', subnets, context),
    resourceTable('NVEs', nves, context),
    resourceTable('Endpoints', endpoints, context),
    ...duplicatesOf(network, context),
    ...driftsOf(network, endpoints, nves, context),
  ].join('\n');
}

/** What carries its frames from one NVE to another. */
function carrierFields(spec: VirtualNetworkSpec, mtu: string): Field[] {
  const { provider, encapsulation, underlayFamily, bumMode, bumGroup } = spec;
  if (provider === undefined) {
    return [
      ['Encapsulation', encapsulation],
      ['Underlay', underlayFamily],
      ['MTU', mtu],
      ['BUM mode', bumMode],
      ['BUM group', bumGroup],
    ];
  }
  const { uplink, vlan } = provider;
  return [
    ['Provider uplink', uplink],
    ['Provider VLAN', vlan === 0 ? 'none: flat' : String(vlan)],
    ['MTU', mtu],
  ];
}

/** Addresses that moved too often; none: nothing. */
function duplicatesOf({ duplicates }: VirtualNetwork, context: DescribeContext): string[] {
  if (duplicates.length === 0) return [];
  const rows = duplicates.map(({ address, endpoint, nve, moves, since, until }) => {
    return [address, endpoint, nve, String(moves), since, until === '' ? 'cleared' : until];
  });
  const columns = ['ADDRESS', 'ENDPOINT', 'NVE', 'MOVES', 'SINCE', 'FROZEN UNTIL'];
  return [textTable('Duplicates', columns, rows, context)];
}

/** What the NVEs told of changes behind their backs, in this network; none: nothing. */
function driftsOf(
  { spec }: VirtualNetwork,
  endpoints: readonly Endpoint[],
  nves: readonly Nve[],
  context: DescribeContext,
): string[] {
  const ports = new Set(endpoints.map(({ id }) => `port/${id}`));
  const isHere = (key: string): boolean => ports.has(key) || key.split('/')[1] === String(spec.vni);
  const rows = nves.flatMap(({ id, status }) =>
    status.drifts
      .filter(({ key }) => isHere(key))
      .map((d) => [d.time, id, d.key, d.difference, d.action]),
  );
  if (rows.length === 0) return [];
  return [textTable('Drifts', ['TIME', 'NVE', 'ITEM', 'DIFFERENCE', 'ACTION'], rows, context)];
}

function abilities(c: Capabilities | undefined): Field[] {
  return [
    ['Item kinds', listText(c?.itemKinds ?? [])],
    ['Encapsulations', listText(c?.encapsulations ?? [])],
    ['Port kinds', listText(c?.portKinds ?? [])],
    ['BUM modes', listText(c?.bumModes ?? [])],
  ];
}

function providersTable(providers: readonly ProviderUplink[], context: DescribeContext): string {
  return textTable(
    'Provider uplinks',
    ['NAME', 'INTERFACE', 'MTU', 'VLANS'],
    providers.map((p) => [p.name, p.interface, p.mtu === 0 ? '' : String(p.mtu), yesNo(p.vlans)]),
    context,
  );
}

export function describeNve(
  nve: Nve,
  endpoints: readonly Endpoint[],
  context: DescribeContext,
): string {
  const { id, spec, status, meta } = nve;
  const { capabilities: c, itemCounts: counts } = status;
  const seen =
    status.lastSeenTime === ''
      ? 'never'
      : `${status.lastSeenTime} (${formatAge(status.lastSeenTime, context.now)} ago)`;
  return [
    fields(context.paint, [
      ['Name', id],
      ...common(spec.displayName, spec.labels),
      ['State', status.state, nveColour(status.state)],
      ...(status.reason === ''
        ? []
        : [['Reason', `${status.reasonCode}: ${status.reason}`] as const]),
      ['VTEP addresses', listText(spec.vtepAddresses)],
      ['Identity', spec.nodeUuid === '' ? 'not bound' : spec.nodeUuid],
      ['Agent version', status.agentVersion],
      [hasSession(status) ? 'Connected since' : 'Last seen', seen],
      ['Items wanted', String(counts.wanted)],
      ['Items applied', String(counts.applied)],
      ['Items failed', String(counts.failed), counts.failed > 0 ? 'red' : undefined],
      ['Applied revision', String(status.appliedRevision)],
      [
        'Items drifted',
        String(status.driftedCount),
        status.driftedCount > 0 ? 'yellow' : undefined,
      ],
      ['Drifts seen', String(status.driftCount)],
      ['Dataplane', c === undefined ? '' : `${c.dataplane} ${c.dataplaneVersion}`.trim()],
      ...dataplaneFields(status.dataplane, context),
      ...abilities(c),
      ...hostFields(status.host),
      ...metaFields(meta, context),
    ]),
    ...dataplaneTables(status.dataplane, context),
    textTable(
      'Underlays',
      ['ADDRESS', 'INTERFACE', 'MTU'],
      status.underlays.map((u) => [u.address, u.interface, String(u.mtu)]),
      context,
    ),
    ...(c?.providers === undefined ? [] : [providersTable(c.providers, context)]),
    failures(nve, context),
    textTable(
      'Drifts',
      ['TIME', 'ITEM', 'DIFFERENCE', 'ACTION'],
      status.drifts.map((d) => [d.time, d.key, d.difference, d.action]),
      context,
    ),
    resourceTable('Endpoints', endpoints, context),
  ].join('\n');
}

/** `routers` are those that it is a subnet of: one or none. */
export function describeSubnet(
  { id, spec, meta }: Subnet,
  routers: readonly Router[],
  endpoints: readonly Endpoint[],
  context: DescribeContext,
): string {
  return [
    fields(context.paint, [
      ['Name', id],
      ...common(spec.displayName, spec.labels),
      ['Network', spec.network],
      ['Prefix', spec.prefix],
      ['Gateway', spec.gateway],
      ['Pools', poolsText(spec.pools)],
      ['Router', listText(routers.map((router) => router.id))],
      ...metaFields(meta, context),
    ]),
    resourceTable('Endpoints', endpoints, context),
  ].join('\n');
}

export function describeRouter(
  { id, spec, meta }: Router,
  subnets: readonly Subnet[],
  context: DescribeContext,
): string {
  return [
    fields(context.paint, [
      ['Name', id],
      ...common(spec.displayName, spec.labels),
      ['Tenant', spec.tenant],
      ['VRF id', String(spec.vrfId)],
      ['Gateway MAC', spec.gatewayMac],
      ...(spec.transitVni === 0 ? [] : ([['Transit VNI', String(spec.transitVni)]] as const)),
      ...metaFields(meta, context),
    ]),
    resourceTable('Subnets', subnets, context),
    textTable(
      'Routes',
      ['PREFIX', 'NEXT-HOPS'],
      spec.routes.map((route) => [route.prefix, hopsText(route)]),
      context,
    ),
    ...(spec.exits.length === 0 ? [] : [exitsTable(spec, context)]),
  ].join('\n');
}

function exitsTable({ exits }: RouterSpec, context: DescribeContext): string {
  const rows = exits.flatMap(({ subnet, gateways }) =>
    gateways.map(({ nve, address }) => [subnet, nve, address]),
  );
  return textTable('Exits', ['SUBNET', 'NVE', 'ADDRESS'], rows, context);
}

export function describeEndpoint(
  endpoint: Endpoint,
  context: DescribeContext,
  counters?: EndpointCounters,
): string {
  const { id, spec, status, meta } = endpoint;
  return fields(context.paint, [
    ['Name', id],
    ...common(spec.displayName, spec.labels),
    ['Network', spec.network],
    ['NVE', spec.nve],
    ['MAC', spec.mac],
    ['IPs', listText(spec.ips)],
    ['Subnets', listText(spec.subnets)],
    ...(spec.allowedAddresses.length === 0 ? [] : allowedFields(endpoint)),
    ['Admin state', spec.adminState],
    ...portFields(spec.port),
    ['State', status.state, endpointColour(status.state)],
    ...(status.reasonCode === ''
      ? []
      : ([
          ['Reason', `${status.reason} (${status.reasonCode})`],
          ['Remedy', remedyOf(status.reasonCode)],
        ] as const)),
    ...attachmentFields(status),
    ...migrationFields(status),
    ...counterFields(counters),
    ...metaFields(meta, context),
  ]);
}

function allowedFields({ spec, status }: Endpoint): Field[] {
  return [
    ['Allowed IPs', allowedText(spec.allowedAddresses)],
    ['Held IPs', heldText(status.held)],
  ];
}

function counterFields(said: EndpointCounters | undefined): Field[] {
  if (said === undefined) return [];
  const { counters: c, code, reason } = said;
  if (c === undefined) return [['Counters', `${reason} (${code})`]];
  return [
    ['Received', `${c.rxPackets} packets, ${c.rxBytes} bytes`],
    ['Sent', `${c.txPackets} packets, ${c.txBytes} bytes`],
    ['Dropped', `${c.drops} packets`],
  ];
}

function failures({ status }: Nve, context: DescribeContext): string {
  return textTable(
    'Failures',
    ['ITEM', 'CODE', 'MESSAGE', 'REMEDY'],
    status.failures.map((f) => [f.key, f.code, f.message, remedyOf(f.code)]),
    context,
  );
}

/** A newer NVE may know codes that this program does not. */
function remedyOf(code: string): string {
  return isErrorCode(code) ? ERROR_TABLE[code].remedy : '';
}

function resourceTable(
  title: string,
  resources: readonly (Nve | Endpoint | Subnet)[],
  { now, paint }: DescribeContext,
): string {
  const [first] = resources;
  if (first === undefined) return `${title}: none\n`;
  const rows = resources.map((resource) => cellsOf(resource, false, now));
  return titled(title, headerOf(first.kind, false), rows, paint);
}
