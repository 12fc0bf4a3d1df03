/** Manifests: resources as YAML or JSON, in the form of kubectl's. */
import { z } from 'zod';
import { NETWORK_DRIFT_POLICIES } from '../../model/drift-policy.js';
import { ID_RULE, isId } from '../../model/names.js';
import { PortManifest } from './port-schema.js';
import { MAX_VRF_ID } from '../../model/router.js';
import { ENCAPSULATIONS, MAX_VNI, MIN_VNI } from '../../model/virtual-network.js';

export const API_VERSION = 'nfv/v1';

const text = z.string();
/** What the NVA sets, and a manifest may repeat: the answer of `get -o yaml` can be applied. */
const ignored = z.unknown().optional();

const id = text.refine(isId, { error: `not an id; give ${ID_RULE}` });

const Metadata = z.strictObject({
  name: id,
  labels: z.record(text, text).optional(),
  /** A precondition: the resource must still be this one. */
  etag: text.optional(),
  revision: ignored,
  createTime: ignored,
  updateTime: ignored,
});

const apiVersion = z.literal(API_VERSION);
const status = ignored;

const NetworkManifest = z.strictObject({
  apiVersion,
  kind: z.literal('VirtualNetwork'),
  metadata: Metadata,
  spec: z
    .strictObject({
      displayName: text.optional(),
      tenant: text.optional(),
      vni: z
        .int({ error: `not a VNI; give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one` })
        .min(MIN_VNI, {
          error: `not a VNI; give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one`,
        })
        .max(MAX_VNI, {
          error: `not a VNI; give ${MIN_VNI}-${MAX_VNI}, or leave it out to get one`,
        })
        .optional(),
      encapsulation: z.enum(ENCAPSULATIONS).optional(),
      mtu: z.int().optional(),
      bumMode: z.enum(['HEAD_END', 'MULTICAST', 'NONE']).optional(),
      bumGroup: text.optional(),
      learning: z.boolean().optional(),
      arpSuppression: z.boolean().optional(),
      prefixes: z.array(text).optional(),
      underlayFamily: z.enum(['IPV4', 'IPV6']).optional(),
      driftPolicy: z.enum(NETWORK_DRIFT_POLICIES).optional(),
      provider: z.strictObject({ uplink: text, vlan: z.int().optional() }).optional(),
    })
    .default({}),
  status,
});

const NveManifest = z.strictObject({
  apiVersion,
  kind: z.literal('Nve'),
  metadata: Metadata,
  spec: z.strictObject({
    displayName: text.optional(),
    vtepAddresses: z.array(text),
  }),
  status,
});

const SubnetManifest = z.strictObject({
  apiVersion,
  kind: z.literal('Subnet'),
  metadata: Metadata,
  spec: z.strictObject({
    displayName: text.optional(),
    network: text,
    prefix: text,
    gateway: text.optional(),
    pools: z.array(z.strictObject({ first: text, last: text })).optional(),
  }),
  status,
});

const vrfIdError = `not the id of tables; give 1-${MAX_VRF_ID}, or leave it out to get one`;

const RouteManifest = z.strictObject({
  prefix: text,
  nextHops: z.array(z.strictObject({ address: text, weight: z.int().optional() })).optional(),
  drop: z.boolean().optional(),
});

const ExitManifest = z.strictObject({
  subnet: text,
  gateways: z.array(z.strictObject({ nve: text, address: text })),
});

const RouterManifest = z.strictObject({
  apiVersion,
  kind: z.literal('Router'),
  metadata: Metadata,
  spec: z
    .strictObject({
      displayName: text.optional(),
      tenant: text.optional(),
      vrfId: z
        .int({ error: vrfIdError })
        .min(1, { error: vrfIdError })
        .max(MAX_VRF_ID, { error: vrfIdError })
        .optional(),
      gatewayMac: text.optional(),
      subnets: z.array(text).optional(),
      routes: z.array(RouteManifest).optional(),
      exits: z.array(ExitManifest).optional(),
      transitVni: z.int().optional(),
    })
    .default({}),
  status,
});

const EndpointManifest = z.strictObject({
  apiVersion,
  kind: z.literal('Endpoint'),
  metadata: Metadata,
  spec: z.strictObject({
    displayName: text.optional(),
    network: text,
    nve: text,
    port: PortManifest,
    mac: text.optional(),
    ips: z.array(text).optional(),
    subnets: z.array(text).optional(),
    allowedAddresses: z.array(z.strictObject({ ip: text, mac: text.optional() })).optional(),
    adminState: z.enum(['UP', 'DOWN']).optional(),
  }),
  status,
});

const HostProfileManifest = z.strictObject({
  apiVersion,
  kind: z.literal('HostProfile'),
  metadata: Metadata,
  spec: z.strictObject({
    displayName: text.optional(),
    /** A document in a document: so its lines stay its lines. */
    profile: z.string({ error: 'not text; give the profile as a block, after "profile: |"' }),
    nves: z.array(text).optional(),
    nveLabels: z.record(text, text).optional(),
  }),
  status,
});

/** One schema for each kind. */
export const MANIFESTS = {
  VirtualNetwork: NetworkManifest,
  Nve: NveManifest,
  Subnet: SubnetManifest,
  Router: RouterManifest,
  Endpoint: EndpointManifest,
  HostProfile: HostProfileManifest,
} as const;

const ResourceManifest = z.discriminatedUnion('kind', [
  NetworkManifest,
  NveManifest,
  SubnetManifest,
  RouterManifest,
  EndpointManifest,
  HostProfileManifest,
]);

/** What `get -o json` answers with for several resources. */
const ListManifest = z.strictObject({
  apiVersion,
  kind: z.literal('List'),
  metadata: ignored,
  items: z.array(ResourceManifest),
});

export const Manifest = z.discriminatedUnion('kind', [
  NetworkManifest,
  NveManifest,
  SubnetManifest,
  RouterManifest,
  EndpointManifest,
  HostProfileManifest,
  ListManifest,
]);

export type Manifest = z.infer<typeof Manifest>;
export type ResourceManifest = z.infer<typeof ResourceManifest>;
export type NetworkManifest = z.infer<typeof NetworkManifest>;
export type NveManifest = z.infer<typeof NveManifest>;
export type SubnetManifest = z.infer<typeof SubnetManifest>;
export type RouterManifest = z.infer<typeof RouterManifest>;
export type EndpointManifest = z.infer<typeof EndpointManifest>;
export type HostProfileManifest = z.infer<typeof HostProfileManifest>;
