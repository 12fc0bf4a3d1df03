import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { NfvError } from '../../errors.js';
import { invalidField, invalidFields, type ErrorCode } from '../../errors.js';
import {
  checkEndpoint,
  NO_ENDPOINT_STATUS,
  type Endpoint,
  type EndpointSpec,
  type EndpointStatus,
  type Migration,
} from '../../model/endpoint.js';
import {
  currentMigration,
  placesOf,
  type Place,
  type PlacedEndpoint,
} from '../../model/migration.js';
import { vtepOf, type NveSpec } from '../../model/nve.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
import { readStatus, type Reads } from '../reads.js';
import { allowedClaims, allowedGenerations, notAllowed } from './allowed.js';
import { isImmutable } from './immutable.js';
import {
  interfaceKey,
  ipKey,
  macKey,
  networkEndpointsOf,
  networkGenerationKey,
  networkRouterKey,
  nveEndpointsOf,
  nveGenerationKey,
  specKey,
  statusKey,
} from '../keys.js';
import { withAddresses, type AddressDeps } from './endpoint-addresses.js';
import { macFrom } from '../mac-from.js';
import { providerNeeds, routingNeeds, tunnelNeeds } from './needs.js';
import { readNveStatus } from './nves.js';
import {
  decodeKv,
  metaOf,
  RECORDS,
  STATUS_RECORDS,
  type EndpointStatusRecord,
} from '../records.js';
import { listedSpec, reference, tenantOf } from './references.js';
import type { Checked, Claim, Guard, ResourceRules } from './resource-rules.js';

const IMMUTABLE = ['network'] as const;

export interface EndpointDeps extends AddressDeps {
  readonly store: Reads;
  /** For an endpoint that asks for none; by default any. */
  takeMac?(network: string, id: string): Promise<string>;
}

export function endpointRules(deps: EndpointDeps): ResourceRules<PlacedEndpoint, Endpoint> {
  const { store } = deps;
  return {
    kind: 'Endpoint',
    collection: 'endpoints',
    noun: 'endpoint',
    records: RECORDS.endpoints,
    immutable: IMMUTABLE,
    check: (id, before, after) => check(deps, id, before, after),
    checkDelete: () => Promise.resolve([]),
    checkReplace(id, before) {
      const moving = currentMigration(before);
      if (moving !== undefined) throw migrates(id, moving, 'network', before.network);
    },
    claims: claimsOf,
    tenant: ({ network }) => tenantOf(store, network),
    statusKeys: (id) => [statusKey('endpoints', id)],
    generations(before, after) {
      const specs = [before, after].filter((spec) => spec !== undefined);
      const keys = specs.flatMap((spec) => [
        networkGenerationKey(spec.network),
        ...placesOf(spec).map(({ nve }) => nveGenerationKey(nve)),
      ]);
      return [...new Set([...keys, ...allowedGenerations(...specs)])];
    },
    async assemble(id, { value, modRevision }, when) {
      const kv = await readStatus(store, 'endpoints', id, when);
      const status = kv === undefined ? undefined : decodeKv(STATUS_RECORDS.endpoints, kv);
      const { migration, ...spec } = value.spec;
      return {
        kind: 'Endpoint',
        id,
        spec,
        status: { ...statusOf(status?.value), ...(migration === undefined ? {} : { migration }) },
        meta: metaOf(value, modRevision, status?.modRevision ?? 0),
      };
    },
  };
}

function statusOf(record: EndpointStatusRecord | undefined): EndpointStatus {
  if (record === undefined) return NO_ENDPOINT_STATUS;
  // What their machines remember is nobody else's.
  const attachments = record.attachments.map(({ nve, state, cause, migrationId }) => {
    return { nve, state, cause, migrationId };
  });
  return { ...record, attachments };
}

async function check(
  deps: EndpointDeps,
  id: string,
  before: PlacedEndpoint | undefined,
  after: PlacedEndpoint,
): Promise<Checked<PlacedEndpoint>> {
  const { store } = deps;
  if (before !== undefined && isMigrationStep(before, after)) return { spec: after, guards: [] };
  // What is wrong with the endpoint itself is told before what it refers to is looked for.
  checkEndpoint(after, []);
  if (before !== undefined) {
    isImmutable('endpoint', before, after, IMMUTABLE);
    staysInPlace(id, before, after);
  }
  const network = await reference(
    store,
    'endpoint.network',
    'virtualNetworks',
    after.network,
    RECORDS.virtualNetworks,
  );
  const nve = await reference(store, 'endpoint.nve', 'nves', after.nve, RECORDS.nves);
  const addressed = await withAddresses(deps, after, network.spec);
  const { spec } = addressed;
  const routing = await canHost(store, 'endpoint.nve', spec, network.spec, nve.spec);
  const coming = await canMigrate(store, id, before, spec, network.spec);
  if (spec.mac === '' && before !== undefined) {
    throw invalidField('endpoint.mac', '', 'empty', 'give a MAC, or leave it out of the mask');
  }
  const takeMac = async (): Promise<string> =>
    (await deps.takeMac?.(spec.network, id)) ?? macFrom(randomBytes(5));
  const whole = spec.mac === '' ? { ...spec, mac: await takeMac() } : spec;
  const own = [
    { code: 'MAC_IN_USE', address: whole.mac, field: 'endpoint.mac' } as const,
    ...whole.ips.map(
      (address, i) => ({ code: 'IP_IN_USE', address, field: `endpoint.ips[${i}]` }) as const,
    ),
  ];
  const alone = await notAllowed(store, whole.network, own, id);
  const guards = [network.guard, nve.guard, routing, ...coming, ...addressed.guards, alone];
  return { spec: whole, guards };
}

/** It goes on, back, or is over: all it needs was checked, and is claimed, since it began. */
function isMigrationStep(before: PlacedEndpoint, after: PlacedEndpoint): boolean {
  const { migration } = after;
  return (
    currentMigration(before) !== undefined &&
    migration !== undefined &&
    migration.id === before.migration?.id &&
    !isDeepStrictEqual(migration, before.migration)
  );
}

/** @throws NfvError ENDPOINT_MIGRATING */
function staysInPlace(id: string, before: PlacedEndpoint, after: PlacedEndpoint): void {
  const moving = currentMigration(before);
  if (moving === undefined) return;
  const fixed = ['nve', 'port', 'mac', 'ips', 'subnets', 'migration'] as const;
  const changed = fixed.find((field) => !isDeepStrictEqual(before[field], after[field]));
  if (changed === undefined) return;
  const value = after[changed];
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  throw migrates(id, moving, changed, text);
}

function migrates(
  id: string,
  { source, target }: Migration,
  field: keyof PlacedEndpoint,
  value: string,
): NfvError {
  const reason = `does not change while endpoints/${id} migrates from nves/${source} to nves/${target}`;
  const remedy = `wait until its migration is over, or cancel it: nfvctl migrate cancel ${id}`;
  return invalidFields(
    [{ field: `endpoint.${field}`, value, reason, remedy }],
    'ENDPOINT_MIGRATING',
  );
}

/** The place that the endpoint has there keeps the NVE, but from a plan that deletes it with this. */
function targetGone(id: string, target: string): NfvError {
  const reason = `is not there, or would not be, while endpoints/${id} migrates to it`;
  const remedy = `keep the NVE until the migration is over, or cancel it: nfvctl migrate cancel ${id}`;
  return invalidFields(
    [{ field: 'endpoint.migration', value: `nves/${target}`, reason, remedy }],
    'ENDPOINT_MIGRATING',
  );
}

/** @throws NfvError REFERENCE_NOT_FOUND, NVE_LACKS_CAPABILITY, ENDPOINT_MIGRATING */
async function canMigrate(
  store: Reads,
  id: string,
  before: PlacedEndpoint | undefined,
  after: PlacedEndpoint,
  network: VirtualNetworkSpec,
): Promise<Guard[]> {
  const moving = currentMigration(after);
  if (moving === undefined) return [];
  const { target, port } = moving;
  if (moving.id === before?.migration?.id) {
    if ((await store.get(specKey('nves', target))) !== undefined) return [];
    throw targetGone(id, target);
  }
  const nve = await reference(store, 'nve', 'nves', target, RECORDS.nves);
  const there = { ...after, nve: target, port };
  return [nve.guard, await canHost(store, 'nve', there, network, nve.spec)];
}

/** Only its gateways have the router in a network that leads out. */
async function isExitOf(store: Reads, router: string, network: string): Promise<boolean> {
  const spec = await listedSpec(store, 'routers', router, RECORDS.routers);
  for (const { subnet } of spec?.exits ?? []) {
    const out = await listedSpec(store, 'subnets', subnet, RECORDS.subnets);
    if (out?.network === network) return true;
  }
  return false;
}

/**
 * @param field that names the NVE
 * @returns that the network goes on to have a router, or none
 * @throws NfvError NVE_LACKS_CAPABILITY
 */
async function canHost(
  store: Reads,
  field: string,
  spec: EndpointSpec,
  network: VirtualNetworkSpec,
  nve: NveSpec,
): Promise<Guard> {
  const key = networkRouterKey(spec.network);
  const router = await store.get(key);
  const compare = { kind: 'revision', key, revision: router?.modRevision ?? 0 } as const;
  const guard: Guard = { compare, onFail: 'retry' };
  const lacks = (what: string, value: string): NfvError =>
    invalidFields(
      [
        {
          field,
          value: `nves/${spec.nve}`,
          reason: `has no ${what} ${value}`,
          remedy: 'place the endpoint on another NVE; see "nfvctl describe nve"',
        },
      ],
      'NVE_LACKS_CAPABILITY',
    );
  const { provider } = network;
  if (provider === undefined && vtepOf(nve, network.underlayFamily) === undefined) {
    throw lacks('VTEP address of the family', network.underlayFamily);
  }
  // Before its first hello nobody knows what it can do; then it reports what it cannot.
  const capabilities = (await readNveStatus(store, spec.nve))?.value.capabilities;
  if (capabilities === undefined) return guard;
  const needs = [
    ...(router !== undefined && !(await isExitOf(store, router.value, spec.network))
      ? routingNeeds(capabilities)
      : []),
    ['port kind', spec.port.kind, capabilities.portKinds],
    ...(provider === undefined
      ? tunnelNeeds(network, capabilities)
      : providerNeeds(provider, capabilities)),
  ] as const;
  for (const [what, value, has] of needs) if (!has.includes(value)) throw lacks(what, value);
  // Nobody would ever be found to have them.
  if (spec.allowedAddresses.length > 0 && capabilities.seesAddresses !== true) {
    throw lacks('way to see', 'allowed addresses');
  }
  return guard;
}

function claimsOf(id: string, spec: PlacedEndpoint): Claim[] {
  const { network, mac, ips } = spec;
  const [own, ...coming] = placesOf(spec);
  return [
    ...allowedClaims(id, spec),
    { key: `${networkEndpointsOf(network)}${id}`, taken: undefined },
    {
      key: macKey(network, mac),
      taken: taken(
        'MAC_IN_USE',
        'endpoint.mac',
        mac,
        `another endpoint of virtualNetworks/${network} has it, or its router`,
      ),
    },
    ...ips.map((ip, i) => ({
      key: ipKey(network, ip),
      taken: taken(
        'IP_IN_USE',
        `endpoint.ips[${i}]`,
        ip,
        `another endpoint of virtualNetworks/${network} has it, or a gateway`,
      ),
    })),
    ...(own === undefined ? [] : placeClaims(id, own, 'endpoint.port')),
    ...coming.flatMap((place) => placeClaims(id, place, 'port')),
  ];
}

/** @param base field that has the port */
function placeClaims(id: string, place: Place, base: string): Claim[] {
  const itself = { key: `${nveEndpointsOf(place.nve)}${id}`, taken: undefined };
  return [itself, ...interfaceClaims(place, base)];
}

function interfaceClaims({ nve, port }: Place, base: string): Claim[] {
  const claim = (field: string, netns: string, name: string): Claim => ({
    key: interfaceKey(nve, netns, name),
    taken: taken(
      'PORT_IN_USE',
      `${base}.${port.kind}.${field}`,
      name,
      `another endpoint on nves/${nve} has it`,
    ),
  });
  switch (port.kind) {
    case 'veth':
      return [
        claim('interface', port.netns, port.interface),
        ...(port.hostInterface === '' ? [] : [claim('host_interface', '', port.hostInterface)]),
      ];
    case 'tap':
      return port.interface === '' ? [] : [claim('interface', '', port.interface)];
    case 'host_interface':
      return [claim('interface', '', port.interface)];
    // No name of a namespace has a colon.
    case 'vhost_user':
      return [claim('socket', 'vhost-user:', port.socket)];
    case 'memif':
      return [claim('id', `memif:${port.id}`, port.socket)];
    case 'vlan': {
      const { outerVlanId, innerVlanId, dot1ad } = port;
      const tags = `${dot1ad ? 'dot1ad' : 'dot1q'}-${outerVlanId}-${innerVlanId}`;
      return [claim('outer_vlan_id', `vlan:${tags}`, port.parent)];
    }
    case 'vpp_interface':
      return [claim('interface', 'vpp:', port.interface)];
  }
}

function taken(code: ErrorCode, field: string, value: string, reason: string): () => NfvError {
  const remedy = code === 'PORT_IN_USE' ? 'choose another' : 'give each endpoint its own';
  return () => invalidFields([{ field, value, reason, remedy }], code);
}
