/** What was changed, by whom and when: written with the change, in the same transaction. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Call } from '../../model/api.js';
import { CHANGE_VERBS, type ChangeVerb } from '../../model/changes.js';
import { timestamp, type Clock } from '../../model/clock.js';
import { COLLECTIONS, type Collection } from '../../model/names.js';
import type { WriteOp } from '../../store/store.js';
import { CHANGES } from '../keys.js';
import { RecordType } from '../records.js';

/** One resource: neither `before` nor `after` is there where it was only spoken of. */
export interface ChangedSpec {
  readonly collection: Collection;
  readonly id: string;
  /** Whose it is, or was; empty: nobody's. */
  readonly tenant: string;
  /** The specification's record as the store had it; absent: it did not exist. */
  readonly before?: string;
  /** As the store has it since. */
  readonly after?: string;
}

export interface ChangeRecord {
  /** RFC 3339, UTC. */
  readonly time: string;
  /** `user/alice`, `local`; `nva`: by itself. */
  readonly who: string;
  /** Of the call, as in the logs; absent: it was none. */
  readonly traceId?: string;
  readonly verb: ChangeVerb;
  /** The revision that was gone back to, was confirmed or was undone; 0: of none. */
  readonly target: number;
  readonly changes: readonly ChangedSpec[];
}

export const CHANGE_RECORD = new RecordType<ChangeRecord>(
  'a change',
  z.object({
    time: z.string(),
    who: z.string(),
    traceId: z.string().exactOptional(),
    verb: z.enum(CHANGE_VERBS),
    target: z.number(),
    changes: z
      .array(
        z.object({
          collection: z.enum(COLLECTIONS),
          id: z.string(),
          tenant: z.string(),
          before: z.string().exactOptional(),
          after: z.string().exactOptional(),
        }),
      )
      .readonly(),
  }),
);

/** Who made what the NVA did without a call. */
export const BY_ITSELF = 'nva';

/** Who made a change, and by which call. */
export type Author = Pick<ChangeRecord, 'who' | 'traceId'>;

/** When as well; absent: the record does not say. */
export type Authorship = Author & Partial<Pick<ChangeRecord, 'time'>>;

const authorship = z.object({
  who: z.string(),
  traceId: z.string().exactOptional(),
  time: z.string().exactOptional(),
});

/**
 * Of a record as the store has it. It may be one of a later version of this program, with what this one does not know:
 * as long as it has an author, that is told.
 * @returns undefined: it has none, which whoever reads the history is told
 */
export function authorshipIn(value: string): Authorship | undefined {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return undefined;
  }
  return authorship.safeParse(json).data;
}

export function authorOf(call: Call): Author {
  const traceId = call.origin?.trace.traceId;
  return { who: whoOf(call), ...(traceId === undefined ? {} : { traceId }) };
}

/** Who is known to have called; a call without a caller is the NVA's own. */
export function whoOf({ caller }: Call): string {
  return caller?.who ?? BY_ITSELF;
}

/** In order of time, as far as the clocks of replicas agree; the order that counts is the revision's. */
export function newChangeKey(clock: Clock): string {
  const time = clock.now().toString(36).padStart(9, '0');
  return `${CHANGES}${time}-${randomBytes(6).toString('hex')}`;
}

/** The operation that records a change. */
export function recordOp(
  clock: Clock,
  what: Omit<ChangeRecord, 'time'>,
  time = timestamp(clock.now()),
): Extract<WriteOp, { readonly kind: 'put' }> {
  const record: ChangeRecord = { time, ...what };
  return { kind: 'put', key: newChangeKey(clock), value: CHANGE_RECORD.encode(record) };
}
