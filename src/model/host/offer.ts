/** A host profile on its way from the NVA to a host, and what became of it there. */
import { createHash } from 'node:crypto';

export const HOST_PHASES = [
  'NONE',
  'PENDING',
  'AMBIGUOUS',
  'NOT_TAKEN',
  'OFFERED',
  'APPLYING',
  'UNCONFIRMED',
  'APPLIED',
  'FAILED',
  'WAITING_FOR_REBOOT',
] as const;
/** As HostStatus.Phase of proto/nfv/v1/nve.proto. */
export type HostPhase = (typeof HOST_PHASES)[number];

/** Of a profile's text, in bytes of UTF-8. */
export const MAX_PROFILE_BYTES = 65_536;

/** What the NVA has for a host. */
export interface OfferedProfile {
  /** Id of the profile; empty: there is none. */
  readonly profile: string;
  readonly text: string;
}

export const NO_OFFER: OfferedProfile = { profile: '', text: '' };

/** What an agent says of the profile that it was offered last. */
export interface HostStatus {
  /** Id of the one that it has stored; empty: none. */
  readonly profile: string;
  /** Empty: none. */
  readonly wantedHash: string;
  /** `hostProfiles/ID` or a file; empty: none. */
  readonly appliedProfile: string;
  readonly appliedHash: string;
  readonly phase: HostPhase;
  /** A code of the error table; empty: nothing is wrong. */
  readonly reasonCode: string;
  readonly reason: string;
}

/** Names a profile's text: SHA-256, 64 hex digits. */
export function profileHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
