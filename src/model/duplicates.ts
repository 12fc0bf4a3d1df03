/** Addresses that move too often to be one machine's (RFC 7432 §15.1 for MACs, RFC 9161 §3.7 for IPs). */

export const ADDRESS_KINDS = ['MAC', 'IP'] as const;
export type AddressKind = (typeof ADDRESS_KINDS)[number];

/** An address that is frozen where it is. */
export interface DuplicateAddress {
  readonly kind: AddressKind;
  readonly address: string;
  /** Who had it when it was found. */
  readonly endpoint: string;
  /** Where that was. */
  readonly nve: string;
  /** How often it had moved in the window. */
  readonly moves: number;
  /** RFC 3339, UTC. */
  readonly since: string;
  /** When it may move again; empty: when it is cleared. */
  readonly until: string;
}

export interface DuplicateLimits {
  /** N: so many moves in the window make a duplicate. */
  readonly moves: number;
  /** M, in milliseconds. */
  readonly windowMs: number;
  /** How long a MAC stays frozen, in milliseconds; 0: until it is cleared. */
  readonly macHoldMs: number;
  /** The same of an IP address. */
  readonly ipHoldMs: number;
}

export const DEFAULT_DUPLICATE_LIMITS: DuplicateLimits = {
  moves: 5,
  windowMs: 180_000,
  macHoldMs: 0,
  ipHoldMs: 540_000,
};

export interface ClearDuplicatesRequest {
  /** The network. */
  readonly id: string;
  /** In canonical form; none: all of them. */
  readonly addresses: readonly string[];
  /** If not empty, the network's. */
  readonly etag: string;
  /** Check only. */
  readonly validateOnly: boolean;
}
