/**
 * What a message of a session may have, as docs/nve-protocol.md tells it. What one end keeps of what the other says
 * has a bound by that alone: whoever sends more than it may has its session ended.
 */
import { clip, NfvError } from '../../errors.js';
import { MAX_KEY, MAX_VERSION } from '../../model/item.js';
import type { Capabilities, Underlay } from '../../model/nve.js';
import { MAX_ENTRIES } from '../../model/southbound.js';

/** Characters of a text for people: it is stored, and a hundred of them have to fit into a value. */
const MAX_TEXT = 500;
/** The same of the code of an error. */
const MAX_CODE = 64;
/** The same of any other name. */
const MAX_NAME = 256;
/** Of each kind that an NVE can do. */
const MAX_CAPABILITIES = 100;

/** @throws NfvError PROTOCOL_VIOLATION */
export function bounded<T>(
  what: string,
  entries: readonly T[],
  most: number = MAX_ENTRIES,
): readonly T[] {
  if (entries.length <= most) return entries;
  throw new NfvError('PROTOCOL_VIOLATION', `${what} with ${entries.length} entries, not ${most}`);
}

/** @throws NfvError PROTOCOL_VIOLATION */
export function keyFromWire(what: string, key: string): string {
  return withCharacters(`${what} with a key`, key, 1, MAX_KEY);
}

/** @throws NfvError PROTOCOL_VIOLATION */
export function versionFromWire(what: string, version: string): string {
  return withCharacters(`${what} with a version`, version, 1, MAX_VERSION);
}

/** An empty one is the item's removal. @throws NfvError PROTOCOL_VIOLATION */
export function reportedVersionFromWire(what: string, version: string): string {
  return withCharacters(`${what} with a version`, version, 0, MAX_VERSION);
}

/** @throws NfvError PROTOCOL_VIOLATION */
export function nameFromWire(field: string, name: string): string {
  return withCharacters(field, name, 0, MAX_NAME);
}

/** An error of the other end's; it is cut where it is too long. */
export function errorFromWire(
  code: string,
  message: string,
): { readonly code: string; readonly message: string } {
  return { code: clip(code, MAX_CODE), message: clippedText(message) };
}

export function clippedText(text: string): string {
  return clip(text, MAX_TEXT);
}

/** @throws NfvError PROTOCOL_VIOLATION */
export function checkCapabilities(capabilities: Capabilities): Capabilities {
  const { itemKinds, encapsulations, portKinds, bumModes, providers = [] } = capabilities;
  const lists = { itemKinds, encapsulations, portKinds, bumModes };
  for (const [what, names] of Object.entries(lists)) {
    for (const name of bounded(what, names, MAX_CAPABILITIES)) nameFromWire(what, name);
  }
  nameFromWire('dataplane', capabilities.dataplane);
  nameFromWire('dataplane_version', capabilities.dataplaneVersion);
  for (const uplink of bounded('provider_uplinks', providers, MAX_CAPABILITIES)) {
    nameFromWire('provider_uplinks', uplink.name);
    nameFromWire('provider_uplinks', uplink.interface);
  }
  return capabilities;
}

/** @throws NfvError PROTOCOL_VIOLATION */
export function checkUnderlay(underlay: Underlay): Underlay {
  nameFromWire('underlays', underlay.address);
  nameFromWire('underlays', underlay.interface);
  return underlay;
}

function withCharacters(what: string, text: string, least: number, most: number): string {
  if (text.length >= least && text.length <= most) return text;
  throw new NfvError(
    'PROTOCOL_VIOLATION',
    `${what} of ${text.length} characters, not ${least}-${most}`,
  );
}
