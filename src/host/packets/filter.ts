/**
 * Classic BPF programs (linux/filter.h, Documentation/networking/filter.rst): what of the frames at an interface
 * comes up to us. All else is dropped in the kernel.
 */
import { isIPv6 } from 'node:net';

/** `struct sock_filter`. */
export interface Instruction {
  readonly code: number;
  /** Instructions to skip. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const LD_W = 0x20;
const LD_H = 0x28;
const LD_B = 0x30;
const JEQ = 0x15;
const RET = 0x06;

/** SKF_AD_OFF and what is there: facts of the packet, not bytes of it. */
const PACKET_TYPE = 0xffff_f000 + 4;
const VLAN_TAG_PRESENT = 0xffff_f000 + 48;
const PACKET_OUTGOING = 4;

const ETH_P_ARP = 0x0806;
const ETH_P_IPV6 = 0x86dd;
/** The bytes of a frame that are handed up. */
export const SNAP_BYTES = 256;

const load = (code: number, k: number): Instruction => ({ code, jt: 0, jf: 0, k });
const RETURN_ALL = load(RET, SNAP_BYTES);
const DROP = load(RET, 0);

/** Goes on if the value is `k`, else drops the frame. */
const needs = (k: number): Instruction[] => [{ code: JEQ, jt: 1, jf: 0, k }, DROP];
/** Goes on if the value is not `k`, else drops the frame. */
const needsNot = (k: number): Instruction[] => [{ code: JEQ, jt: 0, jf: 1, k }, DROP];

/**
 * Lets in what shows that a guest has one of these addresses: ARP packets with it as the sender (RFC 826), and
 * neighbour advertisements with it as the target (RFC 4861 §4.4), untagged. A frame on its way out at the
 * interface shows nothing.
 * @param addresses canonical
 */
export function sightingFilter(addresses: readonly string[]): Instruction[] {
  const four = addresses.filter((each) => !isIPv6(each)).map(wordsOf);
  const six = addresses.filter(isIPv6).map(wordsOf);
  const arp = [
    // Ethernet and IPv4, addresses of 6 bytes and 4.
    ...[load(LD_W, 14), ...needs(0x0001_0800), load(LD_H, 18), ...needs(0x0604)],
    load(LD_W, 28),
    ...four.flatMap(([word = 0]): Instruction[] => [
      { code: JEQ, jt: 0, jf: 1, k: word },
      RETURN_ALL,
    ]),
    DROP,
  ];
  const neighbor = [
    // ICMPv6, hop limit 255 (RFC 4861 §7.1.2), neighbour advertisement.
    ...[load(LD_B, 20), ...needs(58), load(LD_B, 21), ...needs(255), load(LD_B, 54), ...needs(136)],
    ...six.flatMap((words): Instruction[] => [
      ...words.flatMap((k, i): Instruction[] => [
        load(LD_W, 62 + 4 * i),
        // Past the rest of this address, and its return.
        { code: JEQ, jt: 0, jf: 2 * (words.length - 1 - i) + 1, k },
      ]),
      RETURN_ALL,
    ]),
    DROP,
  ];
  return [
    ...[load(LD_W, PACKET_TYPE), ...needsNot(PACKET_OUTGOING)],
    ...[load(LD_W, VLAN_TAG_PRESENT), ...needs(0)],
    load(LD_H, 12),
    { code: JEQ, jt: 0, jf: arp.length, k: ETH_P_ARP },
    ...arp,
    ...needs(ETH_P_IPV6),
    ...neighbor,
  ];
}

/** As `struct sock_filter[]`, of a machine with the least byte first. */
export function encodeFilter(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [i, { code, jt, jf, k }] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * i);
    bytes.writeUInt8(jt, 8 * i + 2);
    bytes.writeUInt8(jf, 8 * i + 3);
    bytes.writeUInt32LE(k, 8 * i + 4);
  }
  return bytes;
}

function wordsOf(address: string): number[] {
  const bytes = addressBytes(address);
  return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32BE(4 * i));
}

/** The bytes of a canonical address, as on the wire. */
export function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: zeros }, () => '0'), ...after];
  const bytes = Buffer.alloc(16);
  for (const [i, group] of all.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * i);
  return bytes;
}
