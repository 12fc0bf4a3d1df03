/**
 * Addresses as VPP's ip_types.api and ethernet_types.api have them on the wire:
 *
 *   ip4_address    4 octets            ip6_address  16 octets        mac_address  6 octets
 *   address_union  16 octets: an IPv6 address, or an IPv4 address and 12 octets of zero
 *   address        u8 af (0 IPv4, 1 IPv6), address_union
 *   prefix         address, u8 length  ip4_prefix, ip6_prefix  address octets, u8 length
 *
 * Text is as RFC 5952 writes it. Host bits of a prefix are kept: VPP has the addresses of interfaces
 * as prefixes. Parsers only check where nothing to write into is given; each `put` answers whether the
 * text was right.
 */
import { formatIp4, parseIp4 } from './ip4-text.js';
import { formatIp6, hexDigit, parseIp6 } from './ip6-text.js';

/** The numbers of vl_api_address_family_t. */
export const IP4 = 0;
export const IP6 = 1;

const COLON = 58;
const SLASH = '/';

/** Address family of the text; -1 if it is no address. Writes 16 octets. */
export function parseAddress(text: unknown, into?: Uint8Array, offset = 0): number {
  return typeof text === 'string' ? parseFamily(text, text.length, into, offset) : -1;
}

/** The same for the first `end` characters. IPv6 is not like IPv4 for more than four of them. */
function parseFamily(text: string, end: number, into?: Uint8Array, offset = 0): number {
  if (!parseIp4(text, 0, end, into, offset)) return parseIp6(text, end, into, offset) ? IP6 : -1;
  if (into !== undefined) for (let i = offset + 4; i < offset + 16; i++) into[i] = 0;
  return IP4;
}

/** Address family of `10.0.0.0/24`; -1 if it is no prefix. Writes 16 octets and the length. */
export function parsePrefix(text: unknown, into?: Uint8Array, offset = 0): number {
  if (typeof text !== 'string') return -1;
  const slash = text.indexOf(SLASH);
  const length = slash < 0 ? -1 : parseLength(text, slash + 1);
  if (length < 0 || length > 128) return -1;
  const family = parseFamily(text, slash, into, offset);
  if (family === IP4 && length > 32) return -1;
  if (family >= 0 && into !== undefined) into[offset + 16] = length;
  return family;
}

/** From `start` to the end of the text; -1 if that is not one to three digits with no leading zero. */
function parseLength(text: string, start: number): number {
  const size = text.length - start;
  if (size < 1 || size > 3 || (size > 1 && text.charCodeAt(start) === 48)) return -1;
  let value = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

export function isAddress(text: unknown): boolean {
  return parseAddress(text) >= 0;
}

export function isPrefix(text: unknown): boolean {
  return parsePrefix(text) >= 0;
}

export function isIp4Prefix(text: unknown): boolean {
  return parsePrefix(text) === IP4;
}

export function isIp6Prefix(text: unknown): boolean {
  return parsePrefix(text) === IP6;
}

export function isIp4(text: unknown): boolean {
  return typeof text === 'string' && parseIp4(text, 0, text.length);
}

export function isIp6(text: unknown): boolean {
  return typeof text === 'string' && parseIp6(text, text.length);
}

export function putIp4(target: Buffer, offset: number, text: unknown): boolean {
  return typeof text === 'string' && parseIp4(text, 0, text.length, target, offset);
}

export function putIp6(target: Buffer, offset: number, text: unknown): boolean {
  return typeof text === 'string' && parseIp6(text, text.length, target, offset);
}

/** vl_api_address_t */
export function putAddress(target: Buffer, offset: number, text: unknown): boolean {
  const family = parseAddress(text, target, offset + 1);
  target[offset] = family;
  return family >= 0;
}

/** vl_api_prefix_t */
export function putPrefix(target: Buffer, offset: number, text: unknown): boolean {
  const family = parsePrefix(text, target, offset + 1);
  target[offset] = family;
  return family >= 0;
}

/** vl_api_ip4_prefix_t */
export function putIp4Prefix(target: Buffer, offset: number, text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const slash = text.indexOf(SLASH);
  const length = slash < 0 ? -1 : parseLength(text, slash + 1);
  target[offset + 4] = length;
  return length >= 0 && length <= 32 && parseIp4(text, 0, slash, target, offset);
}

/** vl_api_ip6_prefix_t */
export function putIp6Prefix(target: Buffer, offset: number, text: unknown): boolean {
  if (typeof text !== 'string') return false;
  const slash = text.indexOf(SLASH);
  const length = slash < 0 ? -1 : parseLength(text, slash + 1);
  target[offset + 16] = length;
  return length >= 0 && length <= 128 && parseIp6(text, slash, target, offset);
}

export function getIp4(source: Buffer, offset: number): string {
  return formatIp4(source, offset);
}

export function getIp6(source: Buffer, offset: number): string {
  return formatIp6(source, offset);
}

export function getIp4Prefix(source: Buffer, offset: number): string {
  return `${formatIp4(source, offset)}/${source[offset + 4] ?? 0}`;
}

export function getIp6Prefix(source: Buffer, offset: number): string {
  return `${formatIp6(source, offset)}/${source[offset + 16] ?? 0}`;
}

/** The union alone; `family` is that of its discriminator, and anything else is shown as IPv6. */
export function getUnion(source: Buffer, offset: number, family: number): string {
  return family === IP4 ? formatIp4(source, offset) : formatIp6(source, offset);
}

/**
 * vl_api_address_t. A family that VPP's API does not have is not an error of the message's form: it
 * is shown as `af 7: ` and the octets, which no parser takes for an address.
 */
export function getAddress(source: Buffer, offset: number): string {
  const family = source[offset] ?? -1;
  if (family === IP4) return formatIp4(source, offset + 1);
  if (family === IP6) return formatIp6(source, offset + 1);
  return `af ${family}: ${source.toString('hex', offset + 1, offset + 17)}`;
}

/** vl_api_prefix_t */
export function getPrefix(source: Buffer, offset: number): string {
  return `${getAddress(source, offset)}/${source[offset + 17] ?? 0}`;
}

/** Six octets with colons: `02:fe:00:00:00:01`. */
export function isMac(text: unknown): boolean {
  if (typeof text !== 'string' || text.length !== 17) return false;
  for (let i = 0; i < 17; i++) {
    const code = text.charCodeAt(i);
    if (i % 3 === 2 ? code !== COLON : hexDigit(code) < 0) return false;
  }
  return true;
}

export function putMac(target: Buffer, offset: number, text: unknown): boolean {
  if (typeof text !== 'string' || !isMac(text)) return false;
  for (let i = 0; i < 6; i++) {
    target[offset + i] =
      hexDigit(text.charCodeAt(3 * i)) * 16 + hexDigit(text.charCodeAt(3 * i + 1));
  }
  return true;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, i) =>
  i.toString(16).padStart(2, '0'),
);

export function getMac(source: Buffer, offset: number): string {
  const octet = (i: number): string => HEX[source[offset + i] ?? 0] ?? '';
  return `${octet(0)}:${octet(1)}:${octet(2)}:${octet(3)}:${octet(4)}:${octet(5)}`;
}
