/** The host profile that the NVA has for this host, on disk beside the journal: it outlives the NVA and a boot. */
import { join } from 'node:path';
import { z } from 'zod';
import { NfvError } from '../../errors.js';
import { readText, writeDurably } from '../../host/durable-file.js';
import {
  MAX_PROFILE_BYTES,
  NO_OFFER,
  profileHash,
  type OfferedProfile,
} from '../../model/host/offer.js';
import type { OfferState } from '../../model/host/status.js';
import { formatName, isId } from '../../model/names.js';
import type { ProfileSource } from './planner.js';

/** Whose profile is right for this host, as the agent's configuration has it. */
export type ProfileFrom = OfferState['takes'];

const schema = z.strictObject({
  profile: z.string().refine((id) => id === '' || isId(id)),
  text: z.string().max(MAX_PROFILE_BYTES),
  takes: z.enum(['local', 'nva']),
});

export interface StoredOffer extends OfferedProfile {
  /** When it was stored. */
  readonly takes: ProfileFrom;
}

const MAX_FILE = 8 * MAX_PROFILE_BYTES;
const NOTHING: StoredOffer = { ...NO_OFFER, takes: 'local' };

const pathIn = (stateDir: string): string => join(stateDir, 'offered.json');

/** @throws NfvError FILE_UNREADABLE, STORE_DAMAGED, MESSAGE_TOO_LARGE */
export async function readOffer(stateDir: string): Promise<StoredOffer> {
  const path = pathIn(stateDir);
  const text = await readText(path, MAX_FILE);
  if (text === undefined) return NOTHING;
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new NfvError('STORE_DAMAGED', `${path} does not hold what an agent writes`, {
      cause,
      remedy: `remove ${path}; the NVA brings the profile again`,
    });
  }
}

/** @throws NfvError FILE_UNREADABLE, and the old one is still there */
export async function writeOffer(stateDir: string, offer: StoredOffer): Promise<void> {
  const { profile, text, takes } = offer;
  await writeDurably(pathIn(stateDir), `${JSON.stringify({ profile, text, takes })}\n`);
}

/** As what a plan is made from; undefined: there is none. */
export function sourceOf({ profile, text }: OfferedProfile): ProfileSource | undefined {
  return profile === '' ? undefined : { text, name: formatName('hostProfiles', profile) };
}

/** What is told of it; undefined: there is none. */
export function offerState(offer: StoredOffer): OfferState | undefined {
  const source = sourceOf(offer);
  return source && { profile: source.name, hash: profileHash(source.text), takes: offer.takes };
}
