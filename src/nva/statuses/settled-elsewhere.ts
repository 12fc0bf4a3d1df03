/** An NVE whose session is with another replica tells us by its status that it has all it should. */
import type { StoreEvent } from '../../store/store.js';
import type { Absentees } from '../sessions/absentees.js';
import type { CompileIndex } from '../compiler/compile-index.js';
import { parseResourceKey } from '../keys.js';
import { STATUS_RECORDS } from '../records.js';
import type { Tenures } from '../sessions/tenures.js';

/** @returns the NVE, if that is what the event says */
export function settledElsewhere(
  event: StoreEvent,
  absentees: Pick<Absentees, 'missed'>,
  tenures: Pick<Tenures, 'isElsewhere'>,
  index: Pick<CompileIndex, 'sum'>,
): string | undefined {
  if (event.kind !== 'put') return undefined;
  const { key, value } = event.kv;
  const about = parseResourceKey(key);
  if (about?.part !== 'status' || about.collection !== 'nves') return undefined;
  const nve = about.id;
  if (absentees.missed(nve) === undefined || !tenures.isElsewhere(nve)) return undefined;
  const { settledDigest } = STATUS_RECORDS.nves.decode(key, value);
  return settledDigest !== '' && settledDigest === index.sum(nve).digest ? nve : undefined;
}
