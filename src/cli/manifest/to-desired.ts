/** From manifests to what is wanted of the NVA, with every place where they can be wrong checked. */
import { NfvError, invalidFields, type FieldViolation } from '../../errors.js';
import { checkEndpoint, type EndpointSpec } from '../../model/endpoint.js';
import { checkHostProfile, type HostProfileSpec } from '../../model/host-profile.js';
import { checkNve, type NveSpec } from '../../model/nve.js';
import { checkRouter, DEFAULT_GATEWAY_MAC, type RouterSpec } from '../../model/router.js';
import { checkSubnet, FIRST_ADDRESS, type SubnetSpec } from '../../model/subnet.js';
import {
  checkVirtualNetwork,
  NEW_VIRTUAL_NETWORK,
  PROVIDER_DEFAULTS,
  type VirtualNetworkSpec,
} from '../../model/virtual-network.js';
import { allowedPrefixes, type AskSubnets } from './allowed-prefixes.js';
import { clashes } from './clashes.js';
import type { Desired, PlacedManifest, Where } from './desired.js';
import { toPort } from './port.js';
import type {
  EndpointManifest,
  HostProfileManifest,
  NetworkManifest,
  NveManifest,
  RouterManifest,
  SubnetManifest,
} from './schema.js';

/**
 * All manifests together, so that they can be checked against each other too. An endpoint's address that
 * lies in no prefix of the manifests may lie in a subnet that the NVA has: then `askSubnets` is asked;
 * without it the NVA has to see to that.
 * @throws NfvError MANIFEST_INVALID with every violation; those of `askSubnets`
 */
export async function toDesired(
  manifests: readonly PlacedManifest[],
  askSubnets?: AskSubnets,
): Promise<Desired[]> {
  const prefixes = await allowedPrefixes(manifests, askSubnets);
  const violations: FieldViolation[] = [];
  const desired: Desired[] = [];
  for (const placed of manifests) {
    try {
      desired.push(toOne(placed, prefixes));
    } catch (thrown) {
      violations.push(...relocated(NfvError.from(thrown), placed.where));
    }
  }
  violations.push(...clashes(desired));
  if (violations.length > 0) throw invalidFields(violations, 'MANIFEST_INVALID');
  return desired;
}

function toOne(
  { manifest, place, where }: PlacedManifest,
  prefixes: ReadonlyMap<string, readonly string[]>,
): Desired {
  const common = { id: manifest.metadata.name, etag: manifest.metadata.etag ?? '', place, where };
  switch (manifest.kind) {
    case 'VirtualNetwork':
      return { ...common, kind: manifest.kind, spec: checkVirtualNetwork(networkSpec(manifest)) };
    case 'Nve':
      return { ...common, kind: manifest.kind, spec: checkNve(nveSpec(manifest)) };
    case 'Subnet':
      return { ...common, kind: manifest.kind, spec: checkSubnet(subnetSpec(manifest)) };
    case 'Router':
      return { ...common, kind: manifest.kind, spec: checkRouter(routerSpec(manifest)) };
    case 'HostProfile':
      return { ...common, kind: manifest.kind, spec: checkHostProfile(hostProfileSpec(manifest)) };
    case 'Endpoint': {
      const spec = endpointSpec(manifest);
      const own = prefixes.get(spec.network) ?? [];
      return { ...common, kind: manifest.kind, spec: checkEndpoint(spec, own) };
    }
  }
}

function networkSpec({ metadata, spec }: NetworkManifest): VirtualNetworkSpec {
  const { provider } = spec;
  const usual = { ...NEW_VIRTUAL_NETWORK, ...(provider && PROVIDER_DEFAULTS) };
  return {
    displayName: spec.displayName ?? '',
    tenant: spec.tenant ?? 'default',
    vni: spec.vni ?? 0,
    encapsulation: spec.encapsulation ?? usual.encapsulation,
    mtu: spec.mtu ?? 0,
    bumMode: spec.bumMode ?? 'HEAD_END',
    bumGroup: spec.bumGroup ?? '',
    learning: spec.learning ?? usual.learning,
    arpSuppression: spec.arpSuppression ?? usual.arpSuppression,
    prefixes: spec.prefixes ?? [],
    underlayFamily: spec.underlayFamily ?? 'IPV4',
    driftPolicy: spec.driftPolicy ?? 'DEFAULT',
    labels: metadata.labels ?? {},
    ...(provider && providerOf(provider)),
  };
}

function providerOf({
  uplink,
  vlan = 0,
}: NonNullable<NetworkManifest['spec']['provider']>): Pick<VirtualNetworkSpec, 'provider'> {
  return { provider: { uplink, vlan } };
}

function nveSpec({ metadata, spec }: NveManifest): NveSpec {
  return {
    displayName: spec.displayName ?? '',
    vtepAddresses: spec.vtepAddresses,
    labels: metadata.labels ?? {},
    nodeUuid: '',
  };
}

function hostProfileSpec({ metadata, spec }: HostProfileManifest): HostProfileSpec {
  return {
    displayName: spec.displayName ?? '',
    profile: spec.profile,
    nves: spec.nves ?? [],
    nveLabels: spec.nveLabels ?? {},
    labels: metadata.labels ?? {},
  };
}

function subnetSpec({ metadata, spec }: SubnetManifest): SubnetSpec {
  return {
    displayName: spec.displayName ?? '',
    network: spec.network,
    prefix: spec.prefix,
    gateway: spec.gateway ?? FIRST_ADDRESS,
    pools: spec.pools ?? [],
    labels: metadata.labels ?? {},
  };
}

function routerSpec({ metadata, spec }: RouterManifest): RouterSpec {
  const { routes = [] } = spec;
  return {
    displayName: spec.displayName ?? '',
    tenant: spec.tenant ?? 'default',
    vrfId: spec.vrfId ?? 0,
    gatewayMac: spec.gatewayMac ?? DEFAULT_GATEWAY_MAC,
    subnets: spec.subnets ?? [],
    routes: routes.map(({ prefix, nextHops = [], drop = false }) => ({
      prefix,
      nextHops: nextHops.map(({ address, weight = 1 }) => ({ address, weight })),
      drop,
    })),
    exits: spec.exits ?? [],
    transitVni: spec.transitVni ?? 0,
    labels: metadata.labels ?? {},
  };
}

function endpointSpec({ metadata, spec }: EndpointManifest): EndpointSpec {
  return {
    displayName: spec.displayName ?? '',
    network: spec.network,
    nve: spec.nve,
    port: toPort(spec.port),
    mac: spec.mac ?? '',
    ips: spec.ips ?? [],
    subnets: spec.subnets ?? [],
    allowedAddresses: (spec.allowedAddresses ?? []).map(({ ip, mac = '' }) => ({ ip, mac })),
    adminState: spec.adminState ?? 'UP',
    labels: metadata.labels ?? {},
  };
}

/** `virtual_network.bum_group` of the model is `spec.bumGroup` of the manifest. */
function relocated(error: NfvError, where: Where): FieldViolation[] {
  if (error.violations.length === 0) throw error;
  return error.violations.map((violation) => {
    const [, ...steps] = violation.field.replace(/\[(\d+)\]/g, '.$1').split('.');
    const [first = ''] = steps;
    const path =
      first === 'labels'
        ? ['metadata', 'labels', ...(steps.length > 1 ? [steps.slice(1).join('.')] : [])]
        : ['spec', ...steps.map((step) => (/^\d+$/.test(step) ? Number(step) : toCamel(step)))];
    return { ...violation, field: where(path) };
  });
}

function toCamel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
