/** How an NVE that has a session stands. */
import type { DataplaneStatus } from '../../model/dataplane-status.js';
import type { NveState, NveStatus } from '../../model/nve.js';
import type { Connected } from '../sessions/sessions.js';

type Standing = Pick<NveStatus, 'reasonCode' | 'reason'> & {
  readonly state: Extract<NveState, 'SYNCING' | 'IN_SYNC' | 'DEGRADED'>;
};

/** What of a session counts. */
export interface Standable extends Pick<Connected, 'dataplane'> {
  readonly session: {
    readonly progress: { readonly idle: boolean; readonly counts: { readonly failed: number } };
  };
}

/** What was applied before says nothing while its dataplane is not there, or does not answer. */
export function sessionStanding({ session: { progress }, dataplane }: Standable): Standing {
  const cause = awayCause(dataplane);
  if (cause !== undefined) return { state: 'DEGRADED', ...cause };
  const settled = progress.idle ? 'IN_SYNC' : 'SYNCING';
  return {
    state: progress.counts.failed > 0 ? 'DEGRADED' : settled,
    ...{ reasonCode: '', reason: '' },
  };
}

/** Undefined: it is there, for all that its agent has said. */
export function awayCause(
  dataplane: DataplaneStatus | undefined,
): Pick<Standing, 'reasonCode' | 'reason'> | undefined {
  if (dataplane === undefined || dataplane.session === 'CONNECTED') return undefined;
  return { reasonCode: dataplane.reasonCode, reason: `its dataplane: ${dataplane.reason}` };
}
