/**
 * What a gateway says to its network stays on its host: each host has the same gateway, with the same
 * MAC. A filter at the VXLAN device's way out drops what comes from that MAC and is sent to many, is
 * ARP, or is one of the messages of neighbour discovery (RFC 4861 §4). What it has routed goes out.
 */
import { hasErrno } from '../../../host/iproute2/answers.js';
import { NfvError } from '../../../errors.js';
import { errorFields, type Log } from '../../../model/log.js';
import type { Door } from '../door.js';
import { flag, list, number, object, rows, text, type Fields } from '../json.js';
import { vxlanName } from '../names.js';

/** One instruction of classic BPF (linux/filter.h): code, jump if true, jump if false, operand. */
type Instruction = readonly [code: number, jt: number, jf: number, k: number];

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const IF_EQUAL = 0x15;
const IF_GREATER = 0x25;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;
/** TC_ACT_UNSPEC: the next filter decides. */
const PASS = 0xffff_ffff;
/** TC_ACT_SHOT */
const DROP = 2;

const PLACE = ['pref', '7', 'handle', '1', 'protocol', 'all', 'bpf'] as const;

/** The jumps are over as many instructions as they say; 14 passes, 15 drops. */
export function programFor(mac: string): readonly Instruction[] {
  const bytes = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const number = (from: number, to: number): number =>
    bytes.slice(from, to).reduce((sum, byte) => sum * 256 + byte, 0);
  return [
    // Source address.
    [LOAD_WORD, 0, 0, 6],
    [IF_EQUAL, 0, 12, number(0, 4)],
    [LOAD_HALF, 0, 0, 10],
    [IF_EQUAL, 0, 10, number(4, 6)],
    // The group bit of the destination.
    [LOAD_BYTE, 0, 0, 0],
    [IF_ANY_BIT, 9, 0, 1],
    // EtherType.
    [LOAD_HALF, 0, 0, 12],
    [IF_EQUAL, 7, 0, 0x0806],
    [IF_EQUAL, 0, 5, 0x86dd],
    // Next header: ICMPv6.
    [LOAD_BYTE, 0, 0, 20],
    [IF_EQUAL, 0, 3, 58],
    // Its type: 133 to 137.
    [LOAD_BYTE, 0, 0, 54],
    [IF_AT_LEAST, 0, 1, 133],
    [IF_GREATER, 0, 1, 137],
    [RETURN, 0, 0, PASS],
    [RETURN, 0, 0, DROP],
  ];
}

/** A sign is as good as the space that a batch's word cannot have (see `Isolation`). */
function bytecode(program: readonly Instruction[]): string {
  return [String(program.length), ...program.map((each) => each.join('+'))].join(',');
}

export class GatewayFilter {
  #cannot = false;
  #could = false;

  /** `log` is told once if the kernel has no such filter. */
  constructor(private readonly log: Pick<Log, 'warn'>) {}

  /** Idempotent; takes the place of one for another MAC. */
  async set(vni: number, mac: string, tc: Door): Promise<void> {
    if (this.#cannot) return;
    const device = vxlanName(vni);
    try {
      await addClsact(device, tc);
      const program = ['direct-action', 'bytecode', bytecode(programFor(mac))];
      await tc.run('filter', 'replace', 'dev', device, 'egress', ...PLACE, ...program);
      this.#could = true;
    } catch (error) {
      if (this.#could || !isLack(error)) throw error;
      this.#cannot = true;
      this.log.warn(
        errorFields(error),
        'gateways are heard beyond this host: the kernel needs sch_ingress and cls_bpf',
      );
    }
  }

  async clear(vni: number, tc: Door): Promise<void> {
    try {
      await tc.run('filter', 'del', 'dev', vxlanName(vni), 'egress', ...PLACE);
    } catch (error) {
      // Without clsact the kernel finds no place for it to be in.
      if (!hasErrno(error, 'ENOENT', 'ENODEV', 'EINVAL')) throw error;
    }
  }

  /** What is wrong with it, for people. */
  async defects(vni: number, mac: string, tc: Door): Promise<string[]> {
    if (this.#cannot || (await this.#isThere(vni, mac, tc))) return [];
    return [`${vxlanName(vni)}: the gateway's own frames are not kept on this host`];
  }

  async #isThere(vni: number, mac: string, tc: Door): Promise<boolean> {
    try {
      const found = rows(await tc.query('filter', 'show', 'dev', vxlanName(vni), 'egress'));
      return found.some((filter) => isProgram(filter, programFor(mac)));
    } catch (error) {
      if (error instanceof NfvError && error.code === 'KERNEL_REFUSED') return false;
      throw error;
    }
  }
}

async function addClsact(device: string, tc: Door): Promise<void> {
  try {
    await tc.run('qdisc', 'add', 'dev', device, 'clsact');
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}

function isLack(error: unknown): error is NfvError {
  if (!(error instanceof NfvError)) return false;
  if (error.code === 'COMMAND_MISSING' || hasErrno(error, 'ENOENT', 'EOPNOTSUPP')) return true;
  return /classifier not found|qdisc kind is unknown/.test(error.message);
}

function isProgram(filter: Fields, program: readonly Instruction[]): boolean {
  const options = object(filter, 'options');
  if (text(filter, 'kind') !== 'bpf' || flag(options, 'direct-action') !== true) return false;
  const found = rows(list(object(options, 'bytecode'), 'insns'));
  return (
    found.length === program.length &&
    found.every((each, i) => {
      const at = [number(each, 'code'), number(each, 'jt'), number(each, 'jf'), number(each, 'k')];
      return at.join() === program[i]?.join();
    })
  );
}
