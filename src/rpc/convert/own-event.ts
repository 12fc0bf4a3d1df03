/** Events of a replica's own sessions on the wire. */
import { NfvError } from '../../errors.js';
import { MISSED, type NvaEvent } from '../../model/observation.js';
import type { OwnEvent } from '../../model/replica.js';
import type { WatchEventsResponse__Output } from '../gen/nfv/v1/WatchEventsResponse.js';
import type {
  WatchOwnEventsResponse,
  WatchOwnEventsResponse__Output,
} from '../gen/nfv/v1/WatchOwnEventsResponse.js';
import { fromInteger } from './common.js';
import { eventFromWire, eventToWire } from './observation.js';

export function ownEventToWire({ run, position, event }: OwnEvent): WatchOwnEventsResponse {
  if (event === undefined) return { run, position };
  const tenant_unknown = event.tenant === undefined;
  return { run, position, event: eventToWire(event), tenant_unknown };
}

/**
 * An event that this version does not know is MISSED, at its position: who reads goes on behind it.
 * @throws NfvError INVALID_FIELD for a position that is none
 */
export function ownEventFromWire(wire: WatchOwnEventsResponse__Output): OwnEvent {
  const { run } = wire;
  const position = fromInteger('position', wire.position);
  if (wire.event === null) return { run, position, event: undefined };
  return { run, position, event: readable(wire.event, wire.tenant_unknown) };
}

function readable(wire: WatchEventsResponse__Output, isTenantUnknown: boolean): NvaEvent {
  try {
    const event = eventFromWire(wire);
    return isTenantUnknown ? { ...event, tenant: undefined } : event;
  } catch (thrown) {
    const { message: reason } = NfvError.from(thrown);
    const message = `an event of this replica cannot be read: ${reason}`;
    return { ...MISSED, code: 'PROTOCOL_VERSION', message };
  }
}
