/** What manifests ask for, in the model's terms. */
import type { EndpointSpec } from '../../model/endpoint.js';
import type { HostProfileSpec } from '../../model/host-profile.js';
import type { NveSpec } from '../../model/nve.js';
import type { RouterSpec } from '../../model/router.js';
import type { SubnetSpec } from '../../model/subnet.js';
import type { VirtualNetworkSpec } from '../../model/virtual-network.js';
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

export interface DesiredSubnet extends Common {
  readonly kind: 'Subnet';
  readonly spec: SubnetSpec;
}

export interface DesiredRouter extends Common {
  readonly kind: 'Router';
  /** vrfId 0: the one it has, or any. */
  readonly spec: RouterSpec;
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

export type Desired =
  | DesiredNetwork
  | DesiredNve
  | DesiredSubnet
  | DesiredRouter
  | DesiredEndpoint
  | DesiredHostProfile;

export interface PlacedManifest {
  readonly manifest: ResourceManifest;
  readonly place: string;
  readonly where: Where;
}
