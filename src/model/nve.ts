import type { DataplaneStatus } from './dataplane-status.js';
import type { HostStatus } from './host/offer.js';
import type { Labels, Meta } from './resource.js';
import type { IpFamily } from './addresses.js';
import { checkHostAddress } from './host-address.js';
import { checkDisplayName, checkLabels, Violations } from './violations.js';

/** What a user sets of an NVE. Canonical: as `checkNve` leaves it. */
export interface NveSpec {
  readonly displayName: string;
  /** In order of preference; the first of a family is used for that family. */
  readonly vtepAddresses: readonly string[];
  readonly labels: Labels;
  /** The agent's identity, bound at its first hello; empty: not bound. */
  readonly nodeUuid: string;
}

/** What a new NVE is like where nothing else is said; addresses have to be. */
export const NEW_NVE: NveSpec = { displayName: '', vtepAddresses: [], labels: {}, nodeUuid: '' };

export const NVE_STATES = [
  'NEVER_CONNECTED',
  'SYNCING',
  'IN_SYNC',
  'DEGRADED',
  'DISCONNECTED',
  'DEAD',
] as const;
/** DEAD: it has no session, its peers do not reach it, and nobody sends to it any more. */
export type NveState = (typeof NVE_STATES)[number];

/** What an NVE's dataplane can do; names are those of the wire format. */
export interface Capabilities {
  readonly dataplane: string;
  readonly dataplaneVersion: string;
  readonly itemKinds: readonly string[];
  readonly encapsulations: readonly string[];
  readonly portKinds: readonly string[];
  readonly bumModes: readonly string[];
  /** The host's interfaces to physical networks; absent: none. */
  readonly providers?: readonly ProviderUplink[];
  /** It looks for allowed addresses at endpoints' ports; absent: it does not. */
  readonly seesAddresses?: boolean;
}

/** An interface of the host to a physical network. */
export interface ProviderUplink {
  /** What a virtual network calls it. */
  readonly name: string;
  /** What the host or VPP calls it. */
  readonly interface: string;
  /** Bytes; 0: the interface was not there. */
  readonly mtu: number;
  /** The dataplane can put a network on a VLAN of it. */
  readonly vlans: boolean;
}

/** An address of the host that can be a VTEP's. */
export interface Underlay {
  readonly address: string;
  readonly interface: string;
  /** Bytes. */
  readonly mtu: number;
}

export interface ItemCounts {
  readonly wanted: number;
  readonly applied: number;
  readonly failed: number;
}

export interface ItemFailure {
  readonly key: string;
  /** A code of the error table; text, since another NVE may know more codes. */
  readonly code: string;
  readonly message: string;
}

export type DriftAction = 'REPAIRED' | 'REPORTED' | 'FAILED';

/** Something that was changed behind the agent's back. */
export interface Drift {
  readonly key: string;
  /** For people: "missing", "dst 10.0.0.9, not 10.0.0.2". */
  readonly difference: string;
  readonly action: DriftAction;
  /** RFC 3339, UTC. */
  readonly time: string;
}

export interface NveStatus {
  readonly state: NveState;
  /** Of an NVE without a session, what is thought of that; of one whose dataplane is away, why: a code of the error table, or empty. */
  readonly reasonCode: string;
  /** The same for people. */
  readonly reason: string;
  /** Absent until the first hello. */
  readonly capabilities?: Capabilities;
  readonly underlays: readonly Underlay[];
  readonly agentVersion: string;
  /** When its session began; without one, when the last one ended. RFC 3339, UTC; empty: never. */
  readonly lastSeenTime: string;
  readonly itemCounts: ItemCounts;
  readonly appliedRevision: number;
  readonly failures: readonly ItemFailure[];
  readonly drifts: readonly Drift[];
  readonly driftCount: number;
  /** Items that are not as wanted and are left alone, as the drift policy has it. */
  readonly driftedCount: number;
  /** Absent until the agent has said it. */
  readonly dataplane?: DataplaneStatus;
  /** Of the host profile that it is offered. Absent until the agent has said it. */
  readonly host?: HostStatus;
}

export interface Nve {
  readonly kind: 'Nve';
  readonly id: string;
  readonly spec: NveSpec;
  readonly status: NveStatus;
  readonly meta: Meta;
}

/** Whether its agent has a session with the NVA. */
export function hasSession({ state }: NveStatus): boolean {
  return state !== 'NEVER_CONNECTED' && state !== 'DISCONNECTED' && state !== 'DEAD';
}

/** An NVE that has not been heard of. */
export const NO_NVE_STATUS: NveStatus = {
  state: 'NEVER_CONNECTED',
  reasonCode: '',
  reason: '',
  underlays: [],
  agentVersion: '',
  lastSeenTime: '',
  itemCounts: { wanted: 0, applied: 0, failed: 0 },
  appliedRevision: 0,
  failures: [],
  drifts: [],
  driftCount: 0,
  driftedCount: 0,
};

const MAX_VTEP_ADDRESSES = 8;

/** The NVE's VTEP address of a family: the first one given. */
export function vtepOf(spec: NveSpec, family: IpFamily): string | undefined {
  return spec.vtepAddresses.find((a) => a.includes(':') === (family === 'IPV6'));
}

/**
 * The specification in canonical form.
 * @throws NfvError INVALID_FIELD with every violation, fields under `nve`.
 */
export function checkNve(spec: NveSpec): NveSpec {
  const v = new Violations('nve');
  checkDisplayName(v, spec.displayName);
  checkLabels(v, spec.labels);
  const count = spec.vtepAddresses.length;
  if (count === 0) {
    v.add('vtep_addresses', '', 'empty', "give at least one of the host's underlay addresses");
  }
  const found = `${count} addresses`;
  const vteps = v.atMost('vtep_addresses', spec.vtepAddresses, MAX_VTEP_ADDRESSES, found);
  const vtepAddresses = checkVteps(v, vteps);
  v.throwIfAny();
  return { ...spec, vtepAddresses };
}

function checkVteps(v: Violations, addresses: readonly string[]): string[] {
  const result: string[] = [];
  for (const [i, text] of addresses.entries()) {
    const ip = checkHostAddress(v, `vtep_addresses[${i}]`, text, result, '192.0.2.1');
    if (ip !== undefined) result.push(ip);
  }
  return result;
}
