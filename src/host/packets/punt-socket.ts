/**
 * VPP's punt socket (`punt { socket PATH }` of its startup.conf; vnet/ip/punt_node.c): what is written to it VPP sends
 * out at an interface, past its bridge domains.
 */
import { access } from 'node:fs/promises';
import { NfvError } from '../../errors.js';
import type { Timers } from '../timers.js';
import type { Datagrams } from './datagrams.js';
import { announcement, question } from './frames.js';

/** A VLAN tag (IEEE 802.1Q). */
export interface VlanTag {
  /** EtherType: 0x8100, 0x88a8. */
  readonly protocol: number;
  readonly id: number;
}

/** An interface of VPP, as the guest at it has it. */
export interface Outlet {
  /** `sw_if_index`: must be there, VPP looks into nothing else. */
  readonly index: number;
  /** Outermost first. */
  readonly tags: readonly VlanTag[];
  /** Asked right before a frame is sent: else it is not. */
  readonly isThere: () => boolean;
}

interface Waiting {
  readonly at: Outlet;
  readonly datagram: Buffer;
  readonly settle: (error?: NfvError) => void;
}

/** `PUNT_L2` of vnet/ip/punt.h. */
const PUNT_L2 = 0;
const ADDRESSES = 12;
/** Nobody's: it comes to guests only. */
const FROM = '02:6e:66:76:64:00';
/**
 * Nobody listens there, but it is a group's: of ARP to a single address VPP tells nothing, since its bridge domains
 * forward that before they terminate ARP (vnet/l2/feat_bitmap.h).
 */
const ANSWER_TO = '03:6e:66:76:64:00';
/** VPP reads one in each turn of its loop; the kernel keeps some (net.unix.max_dgram_qlen). */
const FULL_MS = 5;
/** A VPP that has read nothing for so long does not read. */
const GIVE_UP_MS = 2000;
const MAX_WAITING = 10_000;
/** So many in one turn of our own loop. */
const MAX_AT_ONCE = 100;

export class PuntSocket {
  #open: { readonly calls: Datagrams; readonly fd: number } | undefined;
  #times = 0;
  readonly #queue: Waiting[] = [];
  /** Of the next attempt, while there is one to come. */
  #cancelNext: (() => void) | undefined;
  /** Monotonic ms; nothing was taken since. */
  #fullSince: number | undefined;

  constructor(
    private readonly path: string,
    private readonly timers: Timers,
  ) {}

  /**
   * Takes the socket of the VPP that runs now; what a later one has it does not reach.
   * @throws NfvError KERNEL_REFUSED with `errno` if it is the kernel's: VPP has none, nobody listens at it, it may not
   *   be reached; VPP_UNREACHABLE: closed meanwhile
   */
  async open(): Promise<void> {
    this.close();
    const time = this.#times;
    const calls = await this.#calls();
    if (time !== this.#times) {
      throw new NfvError('VPP_UNREACHABLE', `${this.path} was closed before it was open`);
    }
    this.#open = { calls, fd: calls.connect(this.path) };
  }

  close(): void {
    this.#times++;
    this.#open?.calls.close(this.#open.fd);
    this.#open = undefined;
    this.#giveUp(this.#closed());
  }

  /**
   * Asks the guest there whether it has an address.
   * @throws NfvError VPP_UNREACHABLE: closed; DEADLINE_EXCEEDED: VPP does not read; KERNEL_REFUSED; TOO_MANY_REQUESTS
   */
  ask(at: Outlet, ip: string): Promise<void> {
    return this.#send(at, question(ip, FROM, ANSWER_TO));
  }

  /** Tells the guest there which MAC an address has. @throws NfvError as `ask` */
  announce(at: Outlet, ip: string, mac: string, isRouter: boolean): Promise<void> {
    return this.#send(at, announcement(ip, mac, isRouter));
  }

  async #calls(): Promise<Datagrams> {
    try {
      await access(this.path);
      const { loadDatagrams } = await import('./datagrams.js');
      return loadDatagrams();
    } catch (thrown) {
      const { message } = NfvError.from(thrown);
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
      throw new NfvError('KERNEL_REFUSED', `${this.path}: ${message}`, {
        cause: thrown,
        metadata: { errno: code },
      });
    }
  }

  #closed(): NfvError {
    return new NfvError('VPP_UNREACHABLE', `no connection to ${this.path}`);
  }

  async #send(at: Outlet, frame: Buffer): Promise<void> {
    if (this.#open === undefined) throw this.#closed();
    if (this.#queue.length >= MAX_WAITING) {
      throw new NfvError('TOO_MANY_REQUESTS', `${MAX_WAITING} frames wait for ${this.path}`);
    }
    // `punt_packetdesc_t`.
    const head = Buffer.alloc(8);
    head.writeUInt32LE(at.index, 0);
    head.writeUInt32LE(PUNT_L2, 4);
    const datagram = Buffer.concat([head, tagged(frame, at.tags)]);
    await new Promise<void>((resolve, reject) => {
      const settle = (error?: NfvError): void => {
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#queue.push({ at, datagram, settle });
      if (this.#cancelNext === undefined) this.#sendAll();
    });
  }

  #sendAll(): void {
    for (let i = 0; i < MAX_AT_ONCE; i++) {
      const [next] = this.#queue;
      if (next === undefined) return;
      if (!this.#isOver(next)) {
        this.#full();
        return;
      }
      this.#queue.shift();
      this.#fullSince = undefined;
    }
    this.#goOnAfter(0);
  }

  /** It is sent, or never will be; false: VPP has too many to read already. */
  #isOver({ at, datagram, settle }: Waiting): boolean {
    if (this.#open === undefined) return true;
    const { calls, fd } = this.#open;
    try {
      if (at.isThere() && !calls.send(fd, datagram)) return false;
      settle();
    } catch (thrown) {
      settle(NfvError.from(thrown));
    }
    return true;
  }

  #full(): void {
    const now = this.timers.monotonic();
    this.#fullSince ??= now;
    if (now - this.#fullSince < GIVE_UP_MS) {
      this.#goOnAfter(FULL_MS);
      return;
    }
    const text = `VPP has read nothing of what is sent to ${this.path} for ${GIVE_UP_MS} ms`;
    this.#giveUp(new NfvError('DEADLINE_EXCEEDED', text));
  }

  #goOnAfter(ms: number): void {
    this.#cancelNext = this.timers.after(ms, () => {
      this.#cancelNext = undefined;
      this.#sendAll();
    });
  }

  #giveUp(error: NfvError): void {
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    this.#fullSince = undefined;
    for (const { settle } of this.#queue.splice(0)) settle(error);
  }
}

function tagged(frame: Buffer, tags: readonly VlanTag[]): Buffer {
  const between = Buffer.alloc(4 * tags.length);
  for (const [i, { protocol, id }] of tags.entries()) {
    between.writeUInt16BE(protocol, 4 * i);
    between.writeUInt16BE(id, 4 * i + 2);
  }
  return Buffer.concat([frame.subarray(0, ADDRESSES), between, frame.subarray(ADDRESSES)]);
}
