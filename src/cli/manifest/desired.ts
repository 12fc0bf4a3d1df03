/** From manifests to what is wanted of the NVA, with every place where they can be wrong checked. */
import { NfvError, show, invalidFields, type FieldViolation } from '../../errors.js';
import { checkEndpoint, type EndpointSpec } from '../../model/endpoint.js';
import { checkHostProfile, type HostProfileSpec } from '../../model/host-profile.js';
import { checkNve, type NveSpec } from '../../model/nve.js';
import { checkVirtualNetwork, type VirtualNetworkSpec } from '../../model/virtual-network.js';
import type {
  EndpointManifest,
  HostProfileManifest,
  NetworkManifest,
  NveManifest,
} from './schema.js';
import { toPort } from './port.js';
import type { ResourceManifest } from './schema.js';

/** Where a part of a manifest is: `FILE:LINE:COLUMN: PATH`. */
export type Where = (path: readonly (string | number)[]) => string;

interface Common {
  readonly id: string;
  /** Empty: whatever the current one is. */
  readonly etag: string;
  /** `FILE:LINE`. */
  readonly place: string;
  readonly where: Where;
}

export interface DesiredNetwork extends Common {
  readonly kind: 'VirtualNetwork';
  /** vni 0: the one it has, or any. */
  readonly spec: VirtualNetworkSpec;
}

export interface DesiredNve extends Common {
  readonly kind: 'Nve';
  /** Its nodeUuid is nobody's wish. */
  readonly spec: NveSpec;
}

export interface DesiredEndpoint extends Common {
  readonly kind: 'Endpoint';
  /** An empty mac: the one it has, or any. */
  readonly spec: EndpointSpec;
}

export interface DesiredHostProfile extends Common {
  readonly kind: 'HostProfile';
  readonly spec: HostProfileSpec;
}

export type Desired = DesiredNetwork | DesiredNve | DesiredEndpoint | DesiredHostProfile;

export interface PlacedManifest {
  readonly manifest: ResourceManifest;
  readonly place: string;
  readonly where: Where;
}

/**
 * All manifests together, so that they can be checked against each other too.
 * @throws NfvError MANIFEST_INVALID with every violation.
 */
export function toDesired(manifests: readonly PlacedManifest[]): Desired[] {
  const prefixes = new Map<string, readonly string[]>();
  for (const { manifest: m } of manifests) {
    if (m.kind === 'VirtualNetwork') prefixes.set(m.metadata.name, m.spec.prefixes ?? []);
  }
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
  return {
    displayName: spec.displayName ?? '',
    tenant: spec.tenant ?? 'default',
    vni: spec.vni ?? 0,
    encapsulation: spec.encapsulation ?? 'VXLAN',
    mtu: spec.mtu ?? 0,
    bumMode: spec.bumMode ?? 'HEAD_END',
    bumGroup: spec.bumGroup ?? '',
    learning: spec.learning ?? false,
    arpSuppression: spec.arpSuppression ?? true,
    prefixes: spec.prefixes ?? [],
    underlayFamily: spec.underlayFamily ?? 'IPV4',
    driftPolicy: spec.driftPolicy ?? 'DEFAULT',
    labels: metadata.labels ?? {},
  };
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

function endpointSpec({ metadata, spec }: EndpointManifest): EndpointSpec {
  return {
    displayName: spec.displayName ?? '',
    network: spec.network,
    nve: spec.nve,
    port: toPort(spec.port),
    mac: spec.mac ?? '',
    ips: spec.ips ?? [],
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

/** What two manifests want for themselves alone. */
function clashes(desired: readonly Desired[]): FieldViolation[] {
  const owners = new Map<string, Desired>();
  const found: FieldViolation[] = [];
  const claim = (owner: Desired, key: string, value: unknown, path: (string | number)[]): void => {
    const other = owners.get(key);
    if (other === undefined) {
      owners.set(key, owner);
      return;
    }
    const same = other.kind === owner.kind && other.id === owner.id;
    found.push({
      field: owner.where(path),
      value: show(value),
      reason: same ? `already in ${other.place}` : `also given to ${other.id} in ${other.place}`,
      remedy: same ? 'leave one of the two out' : 'give it to one of them only',
    });
  };
  for (const d of desired) {
    claim(d, `${d.kind} ${d.id}`, d.id, ['metadata', 'name']);
    switch (d.kind) {
      case 'VirtualNetwork':
        if (d.spec.vni !== 0) claim(d, `vni ${d.spec.vni}`, d.spec.vni, ['spec', 'vni']);
        break;
      case 'Nve':
        for (const [i, address] of d.spec.vtepAddresses.entries()) {
          claim(d, `vtep ${address}`, address, ['spec', 'vtepAddresses', i]);
        }
        break;
      case 'Endpoint': {
        const { network, mac, ips } = d.spec;
        if (mac !== '') claim(d, `mac ${network} ${mac}`, mac, ['spec', 'mac']);
        for (const [i, ip] of ips.entries()) {
          claim(d, `ip ${network} ${ip}`, ip, ['spec', 'ips', i]);
        }
        break;
      }
      case 'HostProfile':
        break;
    }
  }
  return found;
}
