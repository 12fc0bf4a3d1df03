/** What is in the store's values: JSON, checked when it is read. */
import { z } from 'zod';
import { NfvError } from '../errors.js';
import { ATTACHMENT_CAUSES, ATTACHMENT_STATES, type Attachment } from '../model/attachment.js';
import type { EndpointStatus, Migration } from '../model/endpoint.js';
import {
  DATAPLANE_SESSIONS,
  FEATURE_STATES,
  type DataplaneStatus,
} from '../model/dataplane-status.js';
import { NETWORK_DRIFT_POLICIES } from '../model/drift-policy.js';
import type { HostProfileSpec, HostProfileStatus } from '../model/host-profile.js';
import { HOST_PHASES, type HostStatus } from '../model/host/offer.js';
import { MIGRATION_PHASES } from '../model/migration-phase.js';
import type { PlacedEndpoint } from '../model/migration.js';
import { portSchema } from '../model/port-schema.js';
import type { Meta } from '../model/resource.js';
import { NVE_STATES, type NveSpec, type NveStatus, type Underlay } from '../model/nve.js';
import type { RouterSpec } from '../model/router.js';
import type { SubnetSpec } from '../model/subnet.js';
import { ENCAPSULATIONS, type VirtualNetworkSpec } from '../model/virtual-network.js';
import type { KeyValue } from '../store/store.js';

/** A specification with its times. */
export interface SpecRecord<Spec> {
  readonly spec: Spec;
  readonly createTime: string;
  readonly updateTime: string;
  /** The change that wrote it, if that was to be confirmed; it may have been since (changes/pending.ts). */
  readonly pending?: string;
}

/** An NVE's status, and what it held when it was last known to be in step. */
export interface NveStatusRecord extends NveStatus {
  /** Digest of the items it had tried, none outstanding; empty: not known. */
  readonly settledDigest: string;
  /** Addresses that it had and has not now, as it had them last; absent: none. */
  readonly awayUnderlays?: readonly Underlay[];
}

/** A place of an endpoint, and what its machine remembers. */
export interface AttachmentRecord extends Attachment {
  readonly wasActive: boolean;
}

/** What its NVEs reported; of its migration the specification tells. */
export interface EndpointStatusRecord extends Omit<EndpointStatus, 'migration'> {
  readonly attachments: readonly AttachmentRecord[];
}

const strings = z.array(z.string()).readonly();
const labels = z.record(z.string(), z.string()).readonly();

const virtualNetworkSpec: z.ZodType<VirtualNetworkSpec> = z.object({
  displayName: z.string(),
  tenant: z.string(),
  vni: z.number(),
  encapsulation: z.enum(ENCAPSULATIONS),
  mtu: z.number(),
  bumMode: z.enum(['HEAD_END', 'MULTICAST', 'NONE']),
  bumGroup: z.string(),
  learning: z.boolean(),
  arpSuppression: z.boolean(),
  prefixes: strings,
  underlayFamily: z.enum(['IPV4', 'IPV6']),
  // Not in what older versions wrote.
  driftPolicy: z.enum(NETWORK_DRIFT_POLICIES).default('DEFAULT'),
  labels,
  provider: z.object({ uplink: z.string(), vlan: z.number() }).exactOptional(),
});

const nveSpec: z.ZodType<NveSpec> = z.object({
  displayName: z.string(),
  vtepAddresses: strings,
  labels,
  nodeUuid: z.string(),
});

const migration: z.ZodType<Migration> = z.object({
  id: z.string(),
  source: z.string(),
  target: z.string(),
  port: portSchema,
  phase: z.enum(MIGRATION_PHASES),
  hold: z.boolean(),
  released: z.boolean(),
  force: z.boolean(),
  timeoutMs: z.number(),
  startTime: z.string(),
  deadline: z.string(),
  reasonCode: z.string(),
  reason: z.string(),
});

const endpointSpec: z.ZodType<PlacedEndpoint> = z.object({
  displayName: z.string(),
  network: z.string(),
  nve: z.string(),
  port: portSchema,
  mac: z.string(),
  ips: strings,
  // Neither is in what older versions wrote.
  subnets: strings.default([]),
  allowedAddresses: z
    .array(z.object({ ip: z.string(), mac: z.string() }))
    .readonly()
    .default([]),
  adminState: z.enum(['UP', 'DOWN']),
  labels,
  migration: migration.exactOptional(),
});

const subnetSpec: z.ZodType<SubnetSpec> = z.object({
  displayName: z.string(),
  network: z.string(),
  prefix: z.string(),
  gateway: z.string(),
  pools: z.array(z.object({ first: z.string(), last: z.string() })).readonly(),
  labels,
});

const routerSpec: z.ZodType<RouterSpec> = z.object({
  displayName: z.string(),
  tenant: z.string(),
  vrfId: z.number(),
  gatewayMac: z.string(),
  subnets: strings,
  routes: z
    .array(
      z.object({
        prefix: z.string(),
        nextHops: z.array(z.object({ address: z.string(), weight: z.number() })).readonly(),
        drop: z.boolean(),
      }),
    )
    .readonly(),
  // Neither is in what older versions wrote.
  exits: z
    .array(
      z.object({
        subnet: z.string(),
        gateways: z.array(z.object({ nve: z.string(), address: z.string() })).readonly(),
      }),
    )
    .readonly()
    .default([]),
  transitVni: z.number().default(0),
  labels,
});

const endpointStatus: z.ZodType<EndpointStatusRecord> = z.object({
  state: z.enum(['PENDING', 'ACTIVE', 'FAILED', 'DOWN']),
  reasonCode: z.string(),
  reason: z.string(),
  // None of these is in what older versions wrote.
  attachments: z
    .array(
      z.object({
        nve: z.string(),
        state: z.enum(ATTACHMENT_STATES),
        cause: z.enum(ATTACHMENT_CAUSES),
        migrationId: z.string(),
        wasActive: z.boolean(),
      }),
    )
    .readonly()
    .default([]),
  held: z
    .array(z.object({ ip: z.string(), mac: z.string(), since: z.string() }))
    .readonly()
    .default([]),
  laggards: z
    .array(z.object({ nve: z.string(), code: z.string(), reason: z.string() }))
    .readonly()
    .default([]),
});

const dataplaneStatus: z.ZodType<DataplaneStatus> = z.object({
  session: z.enum(DATAPLANE_SESSIONS),
  since: z.string(),
  reasonCode: z.string(),
  reason: z.string(),
  restarts: z.number(),
  boot: z.string(),
  features: z
    .array(z.object({ name: z.string(), state: z.enum(FEATURE_STATES), problems: strings }))
    .readonly(),
  plugins: z.array(z.object({ name: z.string(), version: z.string() })).readonly(),
});

const hostProfileSpec: z.ZodType<HostProfileSpec> = z.object({
  displayName: z.string(),
  profile: z.string(),
  nves: strings,
  nveLabels: labels,
  labels,
});

const hostProfileStatus: z.ZodType<HostProfileStatus> = z.object({
  selected: z.number(),
  applied: z.number(),
  targets: z
    .array(
      z.object({
        nve: z.string(),
        phase: z.enum(HOST_PHASES),
        reasonCode: z.string(),
        reason: z.string(),
      }),
    )
    .readonly(),
});

const hostStatus: z.ZodType<HostStatus> = z.object({
  profile: z.string(),
  wantedHash: z.string(),
  appliedProfile: z.string(),
  appliedHash: z.string(),
  phase: z.enum(HOST_PHASES),
  reasonCode: z.string(),
  reason: z.string(),
});

const underlay: z.ZodType<Underlay> = z.object({
  address: z.string(),
  interface: z.string(),
  mtu: z.number(),
});

const nveStatus: z.ZodType<NveStatusRecord> = z.object({
  state: z.enum(NVE_STATES),
  // Neither is in what older versions wrote.
  reasonCode: z.string().default(''),
  reason: z.string().default(''),
  capabilities: z
    .object({
      dataplane: z.string(),
      dataplaneVersion: z.string(),
      itemKinds: strings,
      encapsulations: strings,
      portKinds: strings,
      bumModes: strings,
      providers: z
        .array(
          z.object({
            name: z.string(),
            interface: z.string(),
            mtu: z.number(),
            vlans: z.boolean(),
          }),
        )
        .readonly()
        .exactOptional(),
      seesAddresses: z.boolean().exactOptional(),
    })
    .exactOptional(),
  underlays: z.array(underlay).readonly(),
  awayUnderlays: z.array(underlay).readonly().exactOptional(),
  agentVersion: z.string(),
  lastSeenTime: z.string(),
  itemCounts: z.object({ wanted: z.number(), applied: z.number(), failed: z.number() }),
  appliedRevision: z.number(),
  failures: z
    .array(z.object({ key: z.string(), code: z.string(), message: z.string() }))
    .readonly(),
  drifts: z
    .array(
      z.object({
        key: z.string(),
        difference: z.string(),
        action: z.enum(['REPAIRED', 'REPORTED', 'FAILED']),
        time: z.string(),
      }),
    )
    .readonly(),
  driftCount: z.number(),
  // None of these is in what older versions wrote.
  driftedCount: z.number().default(0),
  dataplane: dataplaneStatus.exactOptional(),
  host: hostStatus.exactOptional(),
  settledDigest: z.string(),
});

function specRecord<Spec>(spec: z.ZodType<Spec>): z.ZodType<SpecRecord<Spec>> {
  return z.object({
    spec,
    createTime: z.string(),
    updateTime: z.string(),
    pending: z.string().exactOptional(),
  });
}

/** Values of one kind that are remembered decoded; of more, the latest. Only those of so many characters. */
const MAX_KNOWN = 1024;
const MAX_KNOWN_LENGTH = 2048;

/** Reads and writes one kind of value. What is read is shared, and never to be changed. */
export class RecordType<T> {
  /** By key: most reads are of what was read before, a network by each of its endpoints. */
  readonly #known = new Map<string, { readonly value: string; readonly record: T }>();

  constructor(
    private readonly what: string,
    private readonly schema: z.ZodType<T>,
  ) {}

  /** @throws NfvError STORE_DAMAGED when the value is not what this program writes. */
  decode(key: string, value: string): T {
    const known = this.#known.get(key);
    if (known?.value === value) return known.record;
    const record = this.#parse(key, value);
    this.#known.delete(key);
    if (value.length > MAX_KNOWN_LENGTH) return record;
    this.#known.set(key, { value, record });
    const [oldest] = this.#known.size > MAX_KNOWN ? this.#known.keys() : [];
    if (oldest !== undefined) this.#known.delete(oldest);
    return record;
  }

  #parse(key: string, value: string): T {
    try {
      return this.schema.parse(JSON.parse(value));
    } catch (cause) {
      throw new NfvError('STORE_DAMAGED', `${key} does not hold ${this.what}`, { cause });
    }
  }

  encode(record: T): string {
    return JSON.stringify(record);
  }
}

export const RECORDS = {
  virtualNetworks: new RecordType('a virtual network', specRecord(virtualNetworkSpec)),
  nves: new RecordType('an NVE', specRecord(nveSpec)),
  endpoints: new RecordType('an endpoint', specRecord(endpointSpec)),
  subnets: new RecordType('a subnet', specRecord(subnetSpec)),
  routers: new RecordType('a router', specRecord(routerSpec)),
  hostProfiles: new RecordType('a host profile', specRecord(hostProfileSpec)),
} as const;

export const STATUS_RECORDS = {
  nves: new RecordType("an NVE's status", nveStatus),
  endpoints: new RecordType("an endpoint's status", endpointStatus),
  hostProfiles: new RecordType("a host profile's status", hostProfileStatus),
} as const;

/** A request that was answered, so that a repeat of it gets the same answer. */
export interface RequestRecord {
  /** SHA-256 of the request's body. */
  readonly hash: string;
  /** Who asked; not in what older versions wrote. */
  readonly who?: string;
  readonly time: string;
  readonly collection: string;
  readonly id: string;
  /** The specification's record as it was created. */
  readonly record: string;
}

export const REQUEST_RECORD = new RecordType<RequestRecord>(
  'an answered request',
  z.object({
    hash: z.string(),
    who: z.string().exactOptional(),
    time: z.string(),
    collection: z.string(),
    id: z.string(),
    record: z.string(),
  }),
);

/**
 * The etag of a specification. Its revision alone will not do: a store that was restored from a backup, or
 * copied, comes to the same revisions again, with something else in them.
 */
export function etagOf({ value, modRevision }: Versioned<SpecRecord<unknown>>): string {
  return `"${modRevision.toString(36)}-${Date.parse(value.updateTime).toString(36)}"`;
}

export function metaOf<Spec>(
  record: SpecRecord<Spec>,
  modRevision: number,
  statusRevision: number,
): Meta {
  return {
    etag: etagOf({ value: record, modRevision }),
    revision: Math.max(modRevision, statusRevision),
    createTime: record.createTime,
    updateTime: record.updateTime,
  };
}

/** A value and the revision it was written at. */
export interface Versioned<T> {
  readonly value: T;
  readonly modRevision: number;
}

export function decodeKv<T>(type: RecordType<T>, kv: KeyValue): Versioned<T> {
  return { value: type.decode(kv.key, kv.value), modRevision: kv.modRevision };
}
