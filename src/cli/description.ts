/** What `describe` prints. Pure. */
import { ERROR_TABLE, isErrorCode } from '../errors.js';
import type { Endpoint } from '../model/endpoint.js';
import { hasSession, type Nve } from '../model/nve.js';
import type { Labels, Meta } from '../model/resource.js';
import type { VirtualNetwork } from '../model/virtual-network.js';
import {
  cellsOf,
  endpointColour,
  headerOf,
  labelsText,
  listText,
  nveColour,
  orDash,
} from './columns.js';
import { formatAge } from './duration.js';
import { escapeText } from './escape.js';
import { portFields, yesNo } from './port-text.js';
import type { Colour, Paint } from './style.js';
import { Table, type Cell } from './table.js';

export interface DescribeContext {
  readonly now: number;
  readonly paint: Paint;
}

/** Name and value; an empty value is shown as "-". */
export type Field = readonly [name: string, value: string, colour?: Colour | undefined];

export function describeNetwork(
  network: VirtualNetwork,
  endpoints: readonly Endpoint[],
  nves: readonly Nve[],
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
      ['Encapsulation', spec.encapsulation],
      ['Underlay', spec.underlayFamily],
      ['MTU', `${effectiveMtu}${derived}`],
      ['BUM mode', spec.bumMode],
      ['BUM group', spec.bumGroup],
      ['Learning', yesNo(spec.learning)],
      ['ARP suppression', yesNo(spec.arpSuppression)],
      ['Prefixes', listText(spec.prefixes)],
      ...metaFields(meta, context),
    ]),
    resourceTable('NVEs', nves, context),
    resourceTable('Endpoints', endpoints, context),
  ].join('\n');
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
      ['VTEP addresses', listText(spec.vtepAddresses)],
      ['Identity', spec.nodeUuid === '' ? 'not bound' : spec.nodeUuid],
      ['Agent version', status.agentVersion],
      [hasSession(status) ? 'Connected since' : 'Last seen', seen],
      ['Items wanted', String(counts.wanted)],
      ['Items applied', String(counts.applied)],
      ['Items failed', String(counts.failed), counts.failed > 0 ? 'red' : undefined],
      ['Applied revision', String(status.appliedRevision)],
      ['Drifts seen', String(status.driftCount)],
      ['Dataplane', c === undefined ? '' : `${c.dataplane} ${c.dataplaneVersion}`.trim()],
      ['Item kinds', listText(c?.itemKinds ?? [])],
      ['Encapsulations', listText(c?.encapsulations ?? [])],
      ['Port kinds', listText(c?.portKinds ?? [])],
      ['BUM modes', listText(c?.bumModes ?? [])],
      ...metaFields(meta, context),
    ]),
    table(
      'Underlays',
      ['ADDRESS', 'INTERFACE', 'MTU'],
      status.underlays.map((u) => [u.address, u.interface, String(u.mtu)]),
      context,
    ),
    failures(nve, context),
    table(
      'Drifts',
      ['TIME', 'ITEM', 'DIFFERENCE', 'ACTION'],
      status.drifts.map((d) => [d.time, d.key, d.difference, d.action]),
      context,
    ),
    resourceTable('Endpoints', endpoints, context),
  ].join('\n');
}

export function describeEndpoint(endpoint: Endpoint, context: DescribeContext): string {
  const { id, spec, status, meta } = endpoint;
  return fields(context.paint, [
    ['Name', id],
    ...common(spec.displayName, spec.labels),
    ['Network', spec.network],
    ['NVE', spec.nve],
    ['MAC', spec.mac],
    ['IPs', listText(spec.ips)],
    ['Admin state', spec.adminState],
    ...portFields(spec.port),
    ['State', status.state, endpointColour(status.state)],
    ...(status.reasonCode === ''
      ? []
      : ([
          ['Reason', `${status.reason} (${status.reasonCode})`],
          ['Remedy', remedyOf(status.reasonCode)],
        ] as const)),
    ...metaFields(meta, context),
  ]);
}

function common(displayName: string, labels: Labels): Field[] {
  return [
    ['Display name', displayName],
    ['Labels', labelsText(labels)],
  ];
}

function metaFields({ etag, revision, createTime, updateTime }: Meta, c: DescribeContext): Field[] {
  return [
    ['Created', `${createTime} (${formatAge(createTime, c.now)} ago)`],
    ['Updated', `${updateTime} (${formatAge(updateTime, c.now)} ago)`],
    ['Revision', String(revision)],
    ['Etag', etag],
  ];
}

function failures({ status }: Nve, context: DescribeContext): string {
  return table(
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
  resources: readonly (Nve | Endpoint)[],
  { now, paint }: DescribeContext,
): string {
  const [first] = resources;
  if (first === undefined) return `${title}: none\n`;
  const rows = resources.map((resource) => cellsOf(resource, false, now));
  return titled(title, headerOf(first.kind, false), rows, paint);
}

function table(
  title: string,
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { paint }: DescribeContext,
): string {
  if (rows.length === 0) return `${title}: none\n`;
  const cells = rows.map((row) => row.map((text) => ({ text: orDash(text) })));
  return titled(title, header, cells, paint);
}

function titled(
  title: string,
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  paint: Paint,
): string {
  const text = new Table(header, paint).all(rows);
  return `${title} (${rows.length}):\n${text.replace(/^(?=.)/gm, '  ')}`;
}

export function fields(paint: Paint, all: readonly Field[]): string {
  const width = Math.max(...all.map(([name]) => name.length)) + 1;
  return all
    .map(([name, value, colour]) => {
      const shown = escapeText(orDash(value));
      const painted = colour === undefined ? shown : paint(colour, shown);
      return `${`${name}:`.padEnd(width)}  ${painted}\n`;
    })
    .join('');
}
