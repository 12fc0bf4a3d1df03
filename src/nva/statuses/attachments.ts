/** The places of an endpoint, as their NVEs reported them: statemachine/endpoint on stored states. */
import { transition } from 'xstate';
import type { Place } from '../../model/migration.js';
import { endpointMachine, type EndpointEvent } from '../../statemachine/endpoint.js';
import type { AttachmentRecord } from '../records.js';

/** What an NVE said of a port; undefined: nothing yet of what it should be now. */
export type PortReport = 'applied' | 'failed' | undefined;

/**
 * @param before as stored; of NVEs where the endpoint has no place any more nothing is kept, for
 *   de-association drops all at once (RFC 8394 §3.2)
 * @param migrationId of the migration by which it came to the NVE it is on now; empty: none
 */
export function attachmentsOf(
  places: readonly Place[],
  before: readonly AttachmentRecord[],
  migrationId: string,
  reportOf: (nve: string) => PortReport,
): AttachmentRecord[] {
  return places.map((place) => {
    const { nve } = place;
    const id = place.migration === '' ? migrationId : place.migration;
    const known = before.find((each) => each.nve === nve) ?? arriving(nve, id);
    const event = eventOf(place, reportOf(nve));
    return event === undefined ? known : next(known, event);
  });
}

function arriving(nve: string, migrationId: string): AttachmentRecord {
  const cause = migrationId === '' ? 'CREATE' : 'MIGRATE';
  return { nve, state: 'INIT', cause, migrationId, wasActive: false };
}

function eventOf({ up }: Place, report: PortReport): EndpointEvent | undefined {
  if (report === undefined) return undefined;
  if (report === 'failed') return { type: 'GONE' };
  return up ? { type: 'FORWARDS' } : { type: 'HELD' };
}

function next(known: AttachmentRecord, event: EndpointEvent): AttachmentRecord {
  const { nve, state, ...context } = known;
  // Nearly always: an NVE has said the same before.
  if (endpointMachine.states[state]?.ownEvents.includes(event.type) !== true) return known;
  const before = endpointMachine.resolveState({ value: state, context });
  const [after] = transition(endpointMachine, before, event);
  return { nve, state: after.value, ...after.context };
}
