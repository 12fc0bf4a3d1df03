/** What the NVA is told of the host profile that it offers. Pure. */
import type { NfvError } from '../../errors.js';
import { profileHash, type HostPhase, type HostStatus } from '../../model/host/offer.js';
import type { HostState } from '../../model/host/status.js';
import type { StoredOffer } from './offered.js';

/** @param failure why the agent could not apply it; undefined: it could, or did not try */
export function hostStatusOf(
  offer: StoredOffer,
  { state, change }: Pick<HostState, 'state' | 'change'>,
  failure: NfvError | undefined,
): HostStatus {
  const wantedHash = offer.profile === '' ? '' : profileHash(offer.text);
  const status = (phase: HostPhase, reasonCode = '', reason = ''): HostStatus => ({
    profile: offer.profile,
    wantedHash,
    appliedProfile: change?.profile ?? '',
    appliedHash: change?.profileHash ?? '',
    phase,
    reasonCode,
    reason,
  });
  if (offer.profile === '') return status('NONE');
  const isIt = change?.profileHash === wantedHash;
  if (isIt && state !== 'rebooted' && state !== 'interrupted') return status(PHASES[state]);
  const now = isIt ? `the host is ${state}` : `the host is prepared with ${change?.profile ?? ''}`;
  const why = change === undefined ? '' : now;
  if (offer.takes === 'local') {
    const local = "the agent's configuration says host.profileFrom: local";
    return status('NOT_TAKEN', '', why === '' ? local : `${local}; ${why}`);
  }
  if (failure !== undefined) {
    const phase = failure.code === 'REBOOT_NEEDED' ? 'WAITING_FOR_REBOOT' : 'FAILED';
    return status(phase, failure.code, failure.message);
  }
  return status('OFFERED', '', why);
}

/** Where the change at hand is the one that is wanted. */
const PHASES: Readonly<Record<Exclude<HostState['state'], 'rebooted' | 'interrupted'>, HostPhase>> =
  {
    idle: 'OFFERED',
    applying: 'APPLYING',
    undoing: 'APPLYING',
    unconfirmed: 'UNCONFIRMED',
    ready: 'APPLIED',
    drifted: 'APPLIED',
  };
