/** Events of a replica's own sessions on the wire. */
import type { OwnEvent } from '../../model/replica.js';
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

export function ownEventFromWire(wire: WatchOwnEventsResponse__Output): OwnEvent {
  const { run } = wire;
  const position = fromInteger('position', wire.position);
  if (wire.event === null) return { run, position, event: undefined };
  const event = eventFromWire(wire.event);
  return { run, position, event: wire.tenant_unknown ? { ...event, tenant: undefined } : event };
}
