import { invalidField, invalidFields, NfvError } from '../errors.js';
import { checkEndpoint } from '../model/endpoint.js';
import {
  checkVirtualNetwork,
  type VirtualNetwork,
  type VirtualNetworkSpec,
} from '../model/virtual-network.js';
import type { Store } from '../store/store.js';
import { isImmutable } from './immutable.js';
import {
  networkEndpointsOf,
  networkGenerationKey,
  networkSubnetsOf,
  specKey,
  vniKey,
} from './keys.js';
import { metaOf, RECORDS } from './records.js';
import type { Checked, Guard, ResourceRules } from './resource-rules.js';
import { scanIds } from './scan.js';
import { subnetsOf } from './subnets.js';
import { unused } from './unused.js';

const IMMUTABLE = ['tenant', 'vni', 'encapsulation', 'underlayFamily'] as const;

export interface NetworkDeps {
  readonly store: Store;
  /** A VNI that seems free. @throws NfvError VNI_EXHAUSTED */
  takeVni(): number;
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
    async check(id, before, after) {
      const spec = checkVirtualNetwork(after);
      if (before === undefined) {
        return spec.vni === 0 ? withVni(spec, deps.takeVni()) : { spec, guards: [] };
      }
      isImmutable('virtual_network', before, spec, IMMUTABLE);
      return { spec, guards: await prefixesFit(deps.store, id, before, spec) };
    },
    checkDelete: (id) =>
      Promise.resolve([
        unused('virtualNetworks', id, 'endpoints', networkEndpointsOf(id), '--network'),
        unused('virtualNetworks', id, 'subnets', networkSubnetsOf(id), '--network'),
      ]),
    claims: (_id, spec) => [{ key: vniKey(spec.vni), taken: vniTaken(spec.vni) }],
    statusKeys: () => [],
    generations: () => [],
    assemble: (id, { value, modRevision }) =>
      Promise.resolve({
        kind: 'VirtualNetwork',
        id,
        spec: value.spec,
        effectiveMtu: deps.effectiveMtu(id) ?? value.spec.mtu,
        meta: metaOf(value, modRevision, 0),
      }),
  };
}

/** Somebody may have taken the VNI for himself a moment ago: then another one will do. */
function withVni(spec: VirtualNetworkSpec, vni: number): Checked<VirtualNetworkSpec> {
  const compare = { kind: 'revision', key: vniKey(vni), revision: 0 } as const;
  return { spec: { ...spec, vni }, guards: [{ compare, onFail: 'retry' }] };
}

function vniTaken(vni: number): NfvError {
  return invalidFields(
    [
      {
        field: 'virtual_network.vni',
        value: String(vni),
        reason: 'another network has this VNI',
        remedy: 'choose another VNI, or leave it out to get one',
      },
    ],
    'VNI_IN_USE',
  );
}

/** Fewer prefixes must still hold all endpoints, also those that come while we look. */
async function prefixesFit(
  store: Store,
  id: string,
  before: VirtualNetworkSpec,
  after: VirtualNetworkSpec,
): Promise<Guard[]> {
  const narrower =
    after.prefixes.length > 0 &&
    (before.prefixes.length === 0 || before.prefixes.some((p) => !after.prefixes.includes(p)));
  if (!narrower) return [];
  const allowed = [...after.prefixes];
  for await (const [, { prefix }] of subnetsOf(store, id)) allowed.push(prefix);
  const key = networkGenerationKey(id);
  const revision = (await store.get(key))?.modRevision ?? 0;
  for await (const endpoint of scanIds(store, networkEndpointsOf(id))) {
    const kv = await store.get(specKey('endpoints', endpoint));
    if (kv === undefined) continue;
    const { spec } = RECORDS.endpoints.decode(kv.key, kv.value);
    try {
      checkEndpoint(spec, allowed);
    } catch (cause) {
      throw invalidField(
        'virtual_network.prefixes',
        after.prefixes.join(', '),
        `endpoints/${endpoint} has ${spec.ips.join(', ')}: ${NfvError.from(cause).message}`,
        'keep the prefixes that endpoints have addresses in',
      );
    }
  }
  return [{ compare: { kind: 'revision', key, revision }, onFail: 'retry' }];
}
