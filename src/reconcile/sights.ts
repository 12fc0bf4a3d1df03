/** How items stand on the host, read just now. */
import type { ItemSight } from '../model/query.js';
import type { TraitsTable } from './dataplane.js';
import type { Ledger } from './ledger.js';
import { look, type Observe, type Survey } from './survey.js';

/** @throws NfvError when nothing can be observed */
export async function sightsOf(
  keys: ReadonlySet<string>,
  ledger: Ledger,
  traits: TraitsTable,
  observe: Observe,
): Promise<readonly ItemSight[]> {
  const survey = await look(keys, ledger, traits, observe);
  return [...keys].map((key) => sightOf(key, survey));
}

function sightOf(key: string, { wanted, observation, differing }: Survey): ItemSight {
  if (!wanted.has(key)) return { key, state: 'UNWANTED', detail: 'the agent has no such item' };
  const obstacle = observation.obstacles.get(key);
  if (obstacle !== undefined) return { key, state: 'OBSTRUCTED', detail: obstacle.message };
  const difference = differing.get(key);
  if (difference === undefined) return { key, state: 'AS_WANTED', detail: '' };
  const isThere = difference.observed !== undefined;
  return { key, state: isThere ? 'DIFFERS' : 'MISSING', detail: difference.texts.join('; ') };
}
