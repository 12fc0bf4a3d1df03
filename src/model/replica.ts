/** What replicas of an NVA ask each other: of NVEs whose session the one that is asked has. */
import type { Call } from './api.js';
import type { NvaEvent, NveStatistics } from './observation.js';
import type { EndpointCounters, Hop } from './trace.js';

/** Something on an NVE that a frame passes. */
export interface PassedItem {
  /** For people. */
  readonly what: string;
  /** Of the item. */
  readonly key: string;
}

export interface NveTrace {
  readonly nve: string;
  readonly passed: readonly PassedItem[];
  /** Only what the NVE last reported; otherwise it is asked to look. */
  readonly reportedOnly: boolean;
}

/** The port of an endpoint, where it is. */
export interface PortAt {
  readonly endpoint: string;
  readonly nve: string;
}

/** What a replica knows of one NVE. */
export interface NveShare {
  readonly nve: string;
  /** Undefined: it has no session there. */
  readonly statistics: NveStatistics | undefined;
  /** Of attachments that were committed there, the newest of the last five minutes. */
  readonly attachMs: readonly number[];
}

/** What a replica adds to the statistics of all. */
export interface ReplicaShare {
  readonly watchers: number;
  /** Of those that were committed there. */
  readonly attachesUnderWay: number;
  readonly attachMs: readonly number[];
  /** Those that it knows something of, ordered by id. */
  readonly nves: readonly NveShare[];
}

export interface OwnEventsRequest {
  /** Goes on with what happens; otherwise what is remembered. */
  readonly follow: boolean;
  /** Of the last answer; empty: there was none. */
  readonly run: string;
  /** The position of that, 0 if there was no event: only later ones are told, if it is still that run. */
  readonly after: number;
}

/** An event of a replica's own sessions. */
export interface OwnEvent {
  /** Of the replica's process: another one after each start. */
  readonly run: string;
  /** 1, 2, … among these events; without one that of the last. */
  readonly position: number;
  /** Undefined, once: what is remembered has been told. */
  readonly event: NvaEvent | undefined;
}

/** As many of its NVEs as go in one message; the rest is the same in each page. */
export interface SharePage extends ReplicaShare {
  /** For the page behind this one; empty: there is none. */
  readonly nextPageToken: string;
}

/** It answers of its own sessions alone, and asks nobody else. */
export interface ReplicaApi {
  /** How the NVE itself stands, and then what is passed there, one hop for each. */
  traceNve(question: NveTrace, call: Call): Promise<readonly Hop[]>;
  /** In the order of `ports`; that an NVE cannot tell is an answer. */
  countPorts(ports: readonly PortAt[], call: Call): Promise<readonly EndpointCounters[]>;
  /** @param pageToken that of the page before; empty: the first page */
  readShare(pageToken: string, call: Call): Promise<SharePage>;
  /** Until the signal, with `follow`. */
  ownEvents(request: OwnEventsRequest, call: Call): AsyncIterable<OwnEvent>;
}

/** The way to other replicas. */
export interface ReplicaAccess {
  /** @param address as that one says @throws NfvError NVA_UNREACHABLE: it cannot be asked there */
  at(address: string): ReplicaApi;
}
