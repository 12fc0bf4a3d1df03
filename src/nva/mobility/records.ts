/** What the store has of addresses that move. */
import { z } from 'zod';
import { ADDRESS_KINDS, type DuplicateAddress } from '../../model/duplicates.js';
import { RecordType } from '../records.js';

/** Moves of one address that may still count, in a key of their own. */
export interface MovesRecord {
  /** When its network was created: of an earlier network of the same name nothing counts. */
  readonly networkTime: string;
  /** Milliseconds since the epoch, the oldest first. */
  readonly times: readonly number[];
  /** Where it was when nobody had it any more; absent: somebody has it. */
  readonly left?: { readonly place: string; readonly time: number };
}

export const MOVES_RECORD = new RecordType<MovesRecord>(
  'moves of an address',
  z.object({
    networkTime: z.string(),
    times: z.array(z.number()).readonly(),
    left: z.object({ place: z.string(), time: z.number() }).exactOptional(),
  }),
);

/** Which endpoint has an allowed address of its network, in a key of its own. */
export interface HolderRecord {
  /** Id. */
  readonly endpoint: string;
  /** When the endpoint was created: an earlier one of the same name had it, not this one. */
  readonly endpointTime: string;
  /** That the address was seen with. */
  readonly mac: string;
  /** RFC 3339, UTC. */
  readonly since: string;
  /** Id of the endpoint that had it before; absent: nobody did. */
  readonly from?: string;
}

export const HOLDER_RECORD = new RecordType<HolderRecord>(
  'the holder of an address',
  z.object({
    endpoint: z.string(),
    endpointTime: z.string(),
    mac: z.string(),
    since: z.string(),
    from: z.string().exactOptional(),
  }),
);

/** A network's status. */
export interface NetworkStatusRecord {
  /** The oldest first. */
  readonly duplicates: readonly DuplicateAddress[];
  /** Those of them that this very write has added. */
  readonly raised: readonly string[];
}

export const NETWORK_STATUS_RECORD = new RecordType<NetworkStatusRecord>(
  "a network's status",
  z.object({
    duplicates: z
      .array(
        z.object({
          kind: z.enum(ADDRESS_KINDS),
          address: z.string(),
          endpoint: z.string(),
          nve: z.string(),
          moves: z.number(),
          since: z.string(),
          until: z.string(),
        }),
      )
      .readonly(),
    raised: z.array(z.string()).readonly(),
  }),
);

export const NO_NETWORK_STATUS: NetworkStatusRecord = { duplicates: [], raised: [] };

/** Whether an address may not move now. */
export function isFrozen({ until }: DuplicateAddress, now: number): boolean {
  return until === '' || Date.parse(until) > now;
}
