/**
 * Moving an endpoint from one NVE to another, make before break: for a while it has two places, and
 * all others know one of them.
 */
import type { AllowedAddress } from './allowed-address.js';
import type { EndpointSpec, Migration, Port } from './endpoint.js';
import { isOver } from './migration-phase.js';

/** Laggards that are told of one migration. */
export const MAX_MIGRATION_LAGGARDS = 16;

/** An endpoint with its last migration. */
export interface PlacedEndpoint extends EndpointSpec {
  readonly migration?: Migration;
  /** The allowed addresses that it has now, each with its MAC: of one that is compiled, never of a stored one. */
  readonly held?: readonly AllowedAddress[];
}

/** Undefined: it has one place, and stays there. */
export function currentMigration({ migration }: PlacedEndpoint): Migration | undefined {
  return migration === undefined || isOver(migration.phase) ? undefined : migration;
}

/**
 * What somebody wants of an endpoint, with the migration of the one that there is: that is the NVA's own. What is
 * new has none, and so has what comes from another network, for it is deleted and created anew.
 */
export function keepingMigration(
  wanted: PlacedEndpoint,
  live: PlacedEndpoint | undefined,
): PlacedEndpoint {
  const kept = live?.network === wanted.network ? live.migration : undefined;
  const { migration, ...spec } = { ...wanted, migration: kept };
  return migration === undefined ? spec : { ...spec, migration };
}

/** An endpoint as it was, at the place to which a migration that was under way then has brought it since. */
export function broughtSince(
  was: PlacedEndpoint,
  live: PlacedEndpoint | undefined,
): PlacedEndpoint {
  const moving = currentMigration(was);
  const since = live?.migration;
  const isDone = since?.phase === 'FINISHED' && since.id === moving?.id;
  return isDone ? { ...was, nve: since.target, port: since.port } : was;
}

/** Where an endpoint is plugged in. */
export interface Place {
  readonly nve: string;
  readonly port: Port;
  /** Frames may pass. */
  readonly up: boolean;
  /** What arrives at this NVE for the endpoint goes to this port, not to the other place. */
  readonly delivers: boolean;
  /** Empty: it did not come here by a migration that goes on. */
  readonly migration: string;
}

/** One, or during a migration two: the source, then the target. */
export function placesOf(endpoint: PlacedEndpoint): readonly Place[] {
  const { nve, port, adminState } = endpoint;
  const up = adminState === 'UP';
  const moving = currentMigration(endpoint);
  if (moving === undefined) return [{ nve, port, up, delivers: true, migration: '' }];
  const { phase, hold } = moving;
  // Frames that others sent here arrive until all have switched, and the guest is still here to take
  // them, unless somebody else has moved it.
  const delivers = phase !== 'SWITCHING' || !hold;
  const waits = phase === 'ASSOCIATING' || phase === 'ASSOCIATED';
  return [
    { nve, port, up, delivers, migration: '' },
    {
      nve: moving.target,
      port: moving.port,
      up: up && !waits,
      delivers: !waits,
      migration: moving.id,
    },
  ];
}

/** Its place on an NVE; undefined: it has none there. */
export function placeAt(endpoint: PlacedEndpoint, nve: string): Place | undefined {
  // Asked of each endpoint for each NVE: nearly all have one place, elsewhere.
  if (endpoint.nve !== nve && currentMigration(endpoint) === undefined) return undefined;
  return placesOf(endpoint).find((place) => place.nve === nve);
}

/** The NVE at which all others look for the endpoint. */
export function homeOf(endpoint: PlacedEndpoint): string {
  const moving = currentMigration(endpoint);
  return moving?.phase === 'SWITCHING' ? moving.target : endpoint.nve;
}
