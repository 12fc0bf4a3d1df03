/** Allowed addresses as people write them: `IP`, or `IP=MAC`. */
import type { AllowedAddress, HeldAddress } from '../model/allowed-address.js';
import { listText } from './columns.js';

/** What is wrong with an address or a MAC, the NVA says. */
export function parseAllowed(text: string): AllowedAddress {
  const at = text.indexOf('=');
  return at < 0 ? { ip: text, mac: '' } : { ip: text.slice(0, at), mac: text.slice(at + 1) };
}

export function allowedText(allowed: readonly AllowedAddress[]): string {
  return listText(allowed.map(({ ip, mac }) => (mac === '' ? ip : `${ip}=${mac}`)));
}

export function heldText(held: readonly HeldAddress[]): string {
  return listText(held.map(({ ip, mac, since }) => `${ip}=${mac} since ${since}`));
}
