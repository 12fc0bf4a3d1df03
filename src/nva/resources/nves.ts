import { invalidField, invalidFields, NfvError } from '../../errors.js';
import type { IpFamily } from '../../model/addresses.js';
import { checkNve, NO_NVE_STATUS, vtepOf, type Nve, type NveSpec } from '../../model/nve.js';
import { NEW_VIRTUAL_NETWORK } from '../../model/virtual-network.js';
import { readStatus, type Reads, type When } from '../reads.js';
import { routingNeeds } from './needs.js';
import {
  nveEndpointsOf,
  nveGenerationKey,
  nveRoutersOf,
  sessionKey,
  specKey,
  statusKey,
  vtepKey,
  withdrawalKey,
} from '../keys.js';
import {
  decodeKv,
  metaOf,
  RECORDS,
  STATUS_RECORDS,
  type NveStatusRecord,
  type Versioned,
} from '../records.js';
import { listedSpec } from './references.js';
import type { Claim, Guard, ResourceRules } from './resource-rules.js';
import { scanIds } from '../scan.js';
import { unused } from './unused.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function nveRules(store: Reads): ResourceRules<NveSpec, Nve> {
  return {
    kind: 'Nve',
    collection: 'nves',
    noun: 'NVE',
    records: RECORDS.nves,
    immutable: [],
    async check(id, before, after) {
      const spec = checkNve(after);
      if (spec.nodeUuid !== '' && !UUID.test(spec.nodeUuid)) {
        throw invalidField(
          'nve.node_uuid',
          spec.nodeUuid,
          'not a UUID',
          'leave it out: the agent sets it',
        );
      }
      return { spec, guards: before === undefined ? [] : await vtepsFit(store, id, before, spec) };
    },
    checkDelete: async (id) => [
      unused('nves', id, 'endpoints', nveEndpointsOf(id), '--nve'),
      await noGateway(store, id),
    ],
    claims: (_id, spec) => spec.vtepAddresses.map(vtepClaim),
    tenant: () => Promise.resolve(''),
    statusKeys: (id) => [statusKey('nves', id), sessionKey(id), withdrawalKey(id)],
    generations: () => [],
    async assemble(id, { value, modRevision }, when) {
      const status = await readNveStatus(store, id, when);
      return {
        kind: 'Nve',
        id,
        spec: value.spec,
        status: status?.value ?? NO_NVE_STATUS,
        meta: metaOf(value, modRevision, status?.modRevision ?? 0),
      };
    },
  };
}

/** undefined: its agent has never said hello. */
export async function readNveStatus(
  store: Reads,
  id: string,
  when?: When,
): Promise<Versioned<NveStatusRecord> | undefined> {
  const kv = await readStatus(store, 'nves', id, when);
  return kv === undefined ? undefined : decodeKv(STATUS_RECORDS.nves, kv);
}

/** @throws NfvError NVE_LACKS_CAPABILITY for the first of the NVEs that is known not to route */
export async function canRoute(store: Reads, nves: Iterable<string>): Promise<void> {
  for (const nve of nves) {
    const capabilities = (await readNveStatus(store, nve))?.value.capabilities;
    if (capabilities === undefined) continue;
    const lacks = routingNeeds(capabilities).find(([, value, has]) => !has.includes(value));
    if (lacks === undefined) continue;
    const reason = `nves/${nve}, which has endpoints in its networks, has no ${lacks[0]} ${lacks[1]}`;
    const remedy = 'move the endpoints to other NVEs; see "nfvctl describe nve"';
    throw invalidFields(
      [{ field: 'router.subnets', value: `nves/${nve}`, reason, remedy }],
      'NVE_LACKS_CAPABILITY',
    );
  }
}

/** What is to be deleted is no router's gateway. @throws NfvError RESOURCE_IN_USE */
async function noGateway(store: Reads, id: string): Promise<Guard> {
  const prefix = nveRoutersOf(id);
  for await (const router of scanIds(store, prefix)) {
    throw new NfvError('RESOURCE_IN_USE', `nves/${id} is a gateway of routers/${router}`, {
      remedy: `take it out of the router's exits first: nfvctl update router ${router} --exit ...`,
    });
  }
  return { compare: { kind: 'empty', prefix }, onFail: 'retry' };
}

function vtepClaim(address: string, index: number): Claim {
  const taken = (): NfvError =>
    invalidFields(
      [
        {
          field: `nve.vtep_addresses[${index}]`,
          value: address,
          reason: 'another NVE has this address',
          remedy: 'give each NVE its own VTEP addresses',
        },
      ],
      'VTEP_IN_USE',
    );
  return { key: vtepKey(address), taken };
}

/** An NVE keeps a VTEP address of each family that its endpoints' networks need, or routers that it is a gateway of. */
async function vtepsFit(
  store: Reads,
  id: string,
  before: NveSpec,
  after: NveSpec,
): Promise<Guard[]> {
  const lost = (['IPV4', 'IPV6'] as const).filter(
    (family) => vtepOf(before, family) !== undefined && vtepOf(after, family) === undefined,
  );
  if (lost.length === 0) return [];
  const key = nveGenerationKey(id);
  const revision = (await store.get(key))?.modRevision ?? 0;
  for await (const endpoint of scanIds(store, nveEndpointsOf(id))) {
    const spec = await listedSpec(store, 'endpoints', endpoint, RECORDS.endpoints);
    if (spec === undefined) continue;
    const { network } = spec;
    const networkKv = await store.get(specKey('virtualNetworks', network));
    if (networkKv === undefined) continue;
    const { spec: of } = RECORDS.virtualNetworks.decode(networkKv.key, networkKv.value);
    const { underlayFamily } = of;
    if (of.provider !== undefined || !lost.includes(underlayFamily)) continue;
    const reason = `endpoints/${endpoint} needs an ${underlayFamily} address for virtualNetworks/${network}`;
    throw losesFamily(after, reason, underlayFamily);
  }
  for await (const router of scanIds(store, nveRoutersOf(id))) {
    const family = await familyOf(store, router);
    if (!lost.includes(family)) continue;
    throw losesFamily(after, `it is a gateway of routers/${router}`, family);
  }
  return [{ compare: { kind: 'revision', key, revision }, onFail: 'retry' }];
}

function losesFamily({ vtepAddresses }: NveSpec, reason: string, family: IpFamily): NfvError {
  const remedy = `keep an ${family} address`;
  return invalidField('nve.vtep_addresses', vtepAddresses.join(', '), reason, remedy);
}

/** Of the underlay of a router's networks, which is one. */
async function familyOf(store: Reads, router: string): Promise<IpFamily> {
  const spec = await listedSpec(store, 'routers', router, RECORDS.routers);
  const exits = spec?.exits.map(({ subnet }) => subnet) ?? [];
  for (const id of [...(spec?.subnets ?? []), ...exits]) {
    const subnet = await listedSpec(store, 'subnets', id, RECORDS.subnets);
    if (subnet === undefined) continue;
    const { virtualNetworks } = RECORDS;
    const network = await listedSpec(store, 'virtualNetworks', subnet.network, virtualNetworks);
    if (network?.provider === undefined && network !== undefined) return network.underlayFamily;
  }
  return NEW_VIRTUAL_NETWORK.underlayFamily;
}
