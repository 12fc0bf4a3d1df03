import { clip } from '../../errors.js';
import { HOST_PHASES, type HostStatus } from '../../model/host/offer.js';
import type {
  HostStatus as Wire,
  HostStatus__Output as WireOut,
} from '../gen/nfv/v1/HostStatus.js';
import { EnumTable } from './common.js';

/** Characters of a text for people, and of a name. */
const MAX_TEXT = 500;
const HASH = 64;

export const PHASES = new EnumTable(HOST_PHASES, {
  NONE: 'PHASE_NONE',
  PENDING: 'PHASE_PENDING',
  AMBIGUOUS: 'PHASE_AMBIGUOUS',
  NOT_TAKEN: 'PHASE_NOT_TAKEN',
  OFFERED: 'PHASE_OFFERED',
  APPLYING: 'PHASE_APPLYING',
  UNCONFIRMED: 'PHASE_UNCONFIRMED',
  APPLIED: 'PHASE_APPLIED',
  FAILED: 'PHASE_FAILED',
  WAITING_FOR_REBOOT: 'PHASE_WAITING_FOR_REBOOT',
} as const);

/** What is for people is cut where it is too long: it is stored. */
export function hostStatusFromWire(wire: WireOut): HostStatus {
  return {
    profile: clip(wire.profile, MAX_TEXT),
    wantedHash: clip(wire.wanted_hash, HASH),
    appliedProfile: clip(wire.applied_profile, MAX_TEXT),
    appliedHash: clip(wire.applied_hash, HASH),
    phase: PHASES.fromWire('phase', wire.phase),
    reasonCode: clip(wire.reason_code, HASH),
    reason: clip(wire.reason, MAX_TEXT),
  };
}

export function hostStatusToWire(status: HostStatus): Wire {
  return {
    profile: status.profile,
    wanted_hash: status.wantedHash,
    applied_profile: status.appliedProfile,
    applied_hash: status.appliedHash,
    phase: PHASES.toWire(status.phase),
    reason_code: status.reasonCode,
    reason: status.reason,
  };
}
