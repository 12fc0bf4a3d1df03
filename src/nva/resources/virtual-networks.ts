import { isDeepStrictEqual } from 'node:util';
import { invalidField, invalidFields, NfvError } from '../../errors.js';
import { checkEndpoint } from '../../model/endpoint.js';
import {
  checkVirtualNetwork,
  type Provider,
  type VirtualNetwork,
  type VirtualNetworkSpec,
} from '../../model/virtual-network.js';
import { readStatus, type Reads } from '../reads.js';
import { allowedPrefixes } from './endpoint-addresses.js';
import { isImmutable } from './immutable.js';
import {
  networkEndpointsOf,
  networkGenerationKey,
  networkSubnetsOf,
  providerGenerationKey,
  providersOf,
  statusKey,
  vniKey,
} from '../keys.js';
import { NETWORK_STATUS_RECORD } from '../mobility/records.js';
import { metaOf, RECORDS } from '../records.js';
import { listedSpec } from './references.js';
import type { Checked, Claim, Guard, ResourceRules } from './resource-rules.js';
import { scanIds } from '../scan.js';
import { unused } from './unused.js';

const IMMUTABLE = ['tenant', 'vni', 'encapsulation', 'underlayFamily', 'provider'] as const;

export interface NetworkDeps {
  readonly store: Reads;
  /** A VNI that seems free. @throws NfvError VNI_EXHAUSTED */
  takeVni(): number | Promise<number>;
  effectiveMtu(network: string): number | undefined;
}

export function virtualNetworkRules(
  deps: NetworkDeps,
): ResourceRules<VirtualNetworkSpec, VirtualNetwork> {
  return {
    kind: 'VirtualNetwork',
    collection: 'virtualNetworks',
    noun: 'virtual network',
    records: RECORDS.virtualNetworks,
    immutable: IMMUTABLE,
    async check(id, before, after) {
      const spec = checkVirtualNetwork(after);
      if (before === undefined) {
        const guards = await uplinkFree(deps.store, spec);
        return spec.vni === 0 ? withVni(spec, await deps.takeVni(), guards) : { spec, guards };
      }
      isImmutable('virtual_network', before, spec, IMMUTABLE);
      return { spec, guards: await prefixesFit(deps.store, id, before, spec) };
    },
    checkDelete: (id) =>
      Promise.resolve([
        unused('virtualNetworks', id, 'endpoints', networkEndpointsOf(id), '--network'),
        unused('virtualNetworks', id, 'subnets', networkSubnetsOf(id), '--network'),
      ]),
    claims: (_id, { vni, provider }) => [
      { key: vniKey(vni), taken: () => vniTaken(vni) },
      ...(provider === undefined ? [] : [placeOf(provider)]),
    ],
    tenant: ({ tenant }) => Promise.resolve(tenant),
    statusKeys: (id) => [statusKey('virtualNetworks', id)],
    generations(before, after) {
      const [was, is] = [before?.provider, after?.provider];
      // Of a network that stays it does not change.
      if (isDeepStrictEqual(was, is)) return [];
      const uplinks = [was, is].flatMap((provider) => provider?.uplink ?? []);
      return [...new Set(uplinks)].map(providerGenerationKey);
    },
    async assemble(id, { value, modRevision }, when) {
      const kv = await readStatus(deps.store, 'virtualNetworks', id, when);
      const status = kv && NETWORK_STATUS_RECORD.decode(kv.key, kv.value);
      return {
        kind: 'VirtualNetwork',
        id,
        spec: value.spec,
        effectiveMtu: (when === 'creation' ? undefined : deps.effectiveMtu(id)) ?? value.spec.mtu,
        duplicates: status?.duplicates ?? [],
        meta: metaOf(value, modRevision, kv?.modRevision ?? 0),
      };
    },
  };
}

/** Somebody may have taken the VNI for himself a moment ago: then another one will do. */
function withVni(
  spec: VirtualNetworkSpec,
  vni: number,
  guards: readonly Guard[],
): Checked<VirtualNetworkSpec> {
  const compare = { kind: 'revision', key: vniKey(vni), revision: 0 } as const;
  return { spec: { ...spec, vni }, guards: [...guards, { compare, onFail: 'retry' }] };
}

/**
 * A flat network has its uplink for itself: what its endpoints send with a tag would be in others' VLANs, and
 * of what comes with those they would see nothing.
 * @throws NfvError PROVIDER_IN_USE
 */
async function uplinkFree(store: Reads, { provider }: VirtualNetworkSpec): Promise<Guard[]> {
  if (provider === undefined) return [];
  const { uplink, vlan } = provider;
  const key = providerGenerationKey(uplink);
  const revision = (await store.get(key))?.modRevision ?? 0;
  for await (const other of scanIds(store, providersOf(uplink))) {
    // The same place is the claim's to refuse.
    if ((vlan === 0) === (other === '0')) continue;
    const has = other === '0' ? 'a flat network' : `a network on VLAN ${other}`;
    throw placeTaken(provider, `${uplink} has ${has}`);
  }
  return [{ compare: { kind: 'revision', key, revision }, onFail: 'retry' }];
}

function placeOf(provider: Provider): Claim {
  const { uplink, vlan } = provider;
  const what = vlan === 0 ? `${uplink} without a tag` : `VLAN ${vlan} of ${uplink}`;
  const taken = (): NfvError => placeTaken(provider, `another network is ${what}`);
  return { key: `${providersOf(uplink)}${vlan}`, taken };
}

function placeTaken({ vlan }: Provider, reason: string): NfvError {
  const field = 'virtual_network.provider.vlan';
  const remedy = 'choose another VLAN or uplink';
  return invalidFields([{ field, value: String(vlan), reason, remedy }], 'PROVIDER_IN_USE');
}

function vniTaken(vni: number): NfvError {
  return invalidFields(
    [
      {
        field: 'virtual_network.vni',
        value: String(vni),
        reason: "another network has this VNI, or a router's transit",
        remedy: 'choose another VNI, or leave it out to get one',
      },
    ],
    'VNI_IN_USE',
  );
}

/** Fewer prefixes must still hold all endpoints, also those that come while we look. */
async function prefixesFit(
  store: Reads,
  id: string,
  before: VirtualNetworkSpec,
  after: VirtualNetworkSpec,
): Promise<Guard[]> {
  const narrower =
    after.prefixes.length > 0 &&
    (before.prefixes.length === 0 || before.prefixes.some((p) => !after.prefixes.includes(p)));
  if (!narrower) return [];
  const { prefixes, guards } = await allowedPrefixes(store, id, after.prefixes);
  const key = networkGenerationKey(id);
  const revision = (await store.get(key))?.modRevision ?? 0;
  for await (const endpoint of scanIds(store, networkEndpointsOf(id))) {
    const spec = await listedSpec(store, 'endpoints', endpoint, RECORDS.endpoints);
    if (spec === undefined) continue;
    try {
      checkEndpoint(spec, prefixes);
    } catch (cause) {
      throw invalidField(
        'virtual_network.prefixes',
        after.prefixes.join(', '),
        `endpoints/${endpoint} has ${spec.ips.join(', ')}: ${NfvError.from(cause).message}`,
        'keep the prefixes that endpoints have addresses in',
      );
    }
  }
  return [...guards, { compare: { kind: 'revision', key, revision }, onFail: 'retry' }];
}
