/** The filter's program, run by an interpreter that knows nothing of how it was written. */
import assert from 'node:assert/strict';
import { programFor } from '../../../../../src/dataplane/linux/routing/gateway-filter.js';

const MAC = '02:00:00:00:fe:01';
const OTHER = '02:00:00:00:fe:02';
const GUEST = '02:00:00:00:00:09';
const ALL = 'ff:ff:ff:ff:ff:ff';
const PASS = 0xffff_ffff;
const DROP = 2;

/** Classic BPF (linux/filter.h), as far as a filter of frames needs it; a load beyond the end ends it. */
function run(program: readonly (readonly number[])[], frame: Buffer): number {
  let a = 0;
  for (let pc = 0; pc < program.length; pc++) {
    const [code = 0, jt = 0, jf = 0, k = 0] = program[pc] ?? [];
    const size = { 0x20: 4, 0x28: 2, 0x30: 1 }[code];
    if (size !== undefined) {
      if (k + size > frame.length) return 0;
      a = frame.readUIntBE(k, size);
      continue;
    }
    if (code === 0x06) return k;
    const holds = { 0x15: a === k, 0x25: a > k, 0x35: a >= k, 0x45: (a & k) !== 0 }[code];
    assert.ok(holds !== undefined, `instruction ${code}`);
    pc += holds ? jt : jf;
  }
  return assert.fail('it has no end');
}

function frame(to: string, from: string, type: number, ...payload: number[]): Buffer {
  const macs = Buffer.from(`${to}${from}`.replaceAll(':', ''), 'hex');
  const rest = Buffer.alloc(60);
  rest.writeUInt16BE(type, 0);
  Buffer.from(payload).copy(rest, 2);
  return Buffer.concat([macs, rest]);
}

/** An IPv6 header (RFC 8200 §3) and the first byte of what follows. */
const ipv6 = (next: number, first: number): number[] => {
  return [0x60, 0, 0, 0, 0, 24, next, 255, ...Array.from({ length: 32 }, () => 0), first];
};

describe("the filter that keeps a gateway's own frames on its host", () => {
  for (const [title, bytes, verdict] of [
    ['a question to all', frame(ALL, MAC, 0x0806), DROP],
    ['a packet to a group', frame('33:33:ff:00:00:01', MAC, 0x86dd, ...ipv6(58, 135)), DROP],
    ['an answer to one', frame(GUEST, MAC, 0x0806), DROP],
    ['a neighbour advertisement to one', frame(GUEST, MAC, 0x86dd, ...ipv6(58, 136)), DROP],
    ['a router advertisement', frame(GUEST, MAC, 0x86dd, ...ipv6(58, 134)), DROP],
    ['a redirect', frame(GUEST, MAC, 0x86dd, ...ipv6(58, 137)), DROP],
    ['a routed IPv4 packet', frame(GUEST, MAC, 0x0800, 0x45), PASS],
    ['a routed IPv6 packet', frame(GUEST, MAC, 0x86dd, ...ipv6(6, 135)), PASS],
    ['a routed ping', frame(GUEST, MAC, 0x86dd, ...ipv6(58, 128)), PASS],
    ['a multicast listener report to one', frame(GUEST, MAC, 0x86dd, ...ipv6(58, 143)), PASS],
    ["another MAC's question", frame(ALL, OTHER, 0x0806), PASS],
    ["a guest's question", frame(ALL, GUEST, 0x0806), PASS],
    ["a guest's answer to the gateway", frame(MAC, GUEST, 0x0806), PASS],
  ] as const) {
    it(`${verdict === DROP ? 'drops' : 'passes'} ${title}`, () => {
      assert.equal(run(programFor(MAC), bytes), verdict);
    });
  }
});
