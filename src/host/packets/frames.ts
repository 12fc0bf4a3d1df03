/** Frames that tell who has an address: ARP (RFC 826, RFC 5227) and neighbour advertisements (RFC 4861 §4.4). */
import { isIPv6 } from 'node:net';
import { addressBytes } from './filter.js';

/** Who has an address. */
export interface Owner {
  /** In the bytes of the wire. */
  readonly ip: Buffer;
  /** `02:00:00:00:00:01`. */
  readonly mac: string;
}

const ETHERNET = 14;
const IPV6 = 40;
/** Where the options of a neighbour advertisement begin. */
const OPTIONS = ETHERNET + IPV6 + 24;
const SOURCE_LINK_LAYER_ADDRESS = 1;
const TARGET_LINK_LAYER_ADDRESS = 2;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
/** Override an entry that there is (RFC 4861 §4.4). */
const OVERRIDE = 0x2000_0000;
/** The sender is a router: a host that took it for one would give up its routes otherwise (RFC 4861 §7.2.5). */
const ROUTER = 0x8000_0000;

/** What a frame says that the filter of `sightingFilter` has let in; undefined: nothing, it is cut short. */
export function ownerIn(frame: Buffer): Owner | undefined {
  if (frame.length < ETHERNET + 28) return undefined;
  if (frame.readUInt16BE(12) === 0x0806) {
    return { ip: frame.subarray(28, 32), mac: macText(frame.subarray(22, 28)) };
  }
  if (frame.length < OPTIONS) return undefined;
  const mac = targetLinkLayerAddress(frame) ?? frame.subarray(6, 12);
  return { ip: frame.subarray(OPTIONS - 16, OPTIONS), mac: macText(mac) };
}

function targetLinkLayerAddress(frame: Buffer): Buffer | undefined {
  for (let at = OPTIONS; at + 8 <= frame.length;) {
    const length = 8 * frame.readUInt8(at + 1);
    if (length === 0) return undefined;
    if (frame.readUInt8(at) === TARGET_LINK_LAYER_ADDRESS) return frame.subarray(at + 2, at + 8);
    at += length;
  }
  return undefined;
}

/** The frame that tells everybody which MAC an address has: gratuitous ARP, or an unsolicited advertisement. */
export function announcement(ip: string, mac: string, isRouter = false): Buffer {
  const own = macBytes(mac);
  const address = addressBytes(ip);
  return isIPv6(ip) ? advertisement(own, address, isRouter) : gratuitousArp(own, address);
}

/**
 * The frame that asks who has an address, in nobody's name: an ARP probe (RFC 5227 §2.1.1), or a solicitation from
 * the link-local address of `mac`, which no guest takes for a sign of a duplicate.
 * @param answerTo where the answer is to go
 */
export function question(ip: string, mac: string, answerTo = mac): Buffer {
  const ends = { mac: macBytes(mac), answerTo: macBytes(answerTo) };
  const address = addressBytes(ip);
  return isIPv6(ip) ? solicitation(ends, address) : arp(ends, Buffer.alloc(4), address);
}

interface Asker {
  readonly mac: Buffer;
  readonly answerTo: Buffer;
}

function solicitation({ mac, answerTo }: Asker, ip: Buffer): Buffer {
  const body = Buffer.alloc(32);
  body.writeUInt8(SOLICITATION, 0);
  ip.copy(body, 8);
  body.set([SOURCE_LINK_LAYER_ADDRESS, 1, ...answerTo], 24);
  // Of the solicited node (RFC 4291 §2.7.1).
  const low = [...ip.subarray(13)];
  const group = Buffer.from([...addressBytes('ff02::1:ff00:0').subarray(0, 13), ...low]);
  // EUI-64 (RFC 4291, appendix A).
  const [first = 0, ...rest] = mac;
  const eui = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const from = Buffer.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...eui]);
  return icmp6({ from, to: group, mac, toMac: Buffer.from([0x33, 0x33, 0xff, ...low]) }, body);
}

function gratuitousArp(mac: Buffer, ip: Buffer): Buffer {
  return arp({ mac, answerTo: mac }, ip, ip);
}

/** A request, to everybody. */
function arp({ mac, answerTo }: Asker, sender: Buffer, target: Buffer): Buffer {
  return Buffer.concat([
    ...[Buffer.alloc(6, 0xff), mac, Buffer.from([0x08, 0x06])],
    // Ethernet, IPv4, their lengths; a request.
    Buffer.from([0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01]),
    ...[answerTo, sender, Buffer.alloc(6), target],
  ]);
}

function advertisement(mac: Buffer, ip: Buffer, isRouter: boolean): Buffer {
  const all = addressBytes('ff02::1');
  const body = Buffer.alloc(32);
  body.writeUInt8(ADVERTISEMENT, 0);
  body.writeUInt32BE(OVERRIDE + (isRouter ? ROUTER : 0), 4);
  ip.copy(body, 8);
  body.set([TARGET_LINK_LAYER_ADDRESS, 1, ...mac], 24);
  return icmp6({ from: ip, to: all, mac, toMac: Buffer.from([0x33, 0x33, 0, 0, 0, 1]) }, body);
}

interface Ends {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly mac: Buffer;
  readonly toMac: Buffer;
}

/** @param body without a checksum */
function icmp6({ from, to, mac, toMac }: Ends, body: Buffer): Buffer {
  const pseudo = Buffer.from([0, 0, 0, body.length, 0, 0, 0, 58]);
  body.writeUInt16BE(checksum(Buffer.concat([from, to, pseudo, body])), 2);
  const header = Buffer.from([0x60, 0, 0, 0, 0, body.length, 58, 255]);
  return Buffer.concat([toMac, mac, Buffer.from([0x86, 0xdd]), header, from, to, body]);
}

/** RFC 1071, of an even number of bytes. */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

/** `02:00:00:00:00:01`. */
export function macText(bytes: Buffer): string {
  return bytes.toString('hex').replace(/..(?=.)/g, '$&:');
}
