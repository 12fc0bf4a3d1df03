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
const MAX_FULL = 400;

export class PuntSocket {
  #open: { readonly calls: Datagrams; readonly fd: number } | undefined;
  #times = 0;

  constructor(
    private readonly path: string,
    private readonly timers: Pick<Timers, 'after'>,
  ) {}

  /**
   * Takes the socket of the VPP that runs now; what a later one has it does not reach.
   * @returns false: VPP has none, or nobody listens at it
   */
  async open(): Promise<boolean> {
    this.close();
    const time = this.#times;
    try {
      await access(this.path);
      const { loadDatagrams } = await import('./datagrams.js');
      const calls = loadDatagrams();
      if (time !== this.#times) return false;
      this.#open = { calls, fd: calls.connect(this.path) };
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#times++;
    this.#open?.calls.close(this.#open.fd);
    this.#open = undefined;
  }

  /** Asks the guest there whether it has an address. @throws NfvError VPP_UNREACHABLE, KERNEL_REFUSED */
  ask(at: Outlet, ip: string): Promise<void> {
    return this.#send(at, question(ip, FROM, ANSWER_TO));
  }

  /** Tells the guest there which MAC an address has. @throws NfvError VPP_UNREACHABLE, KERNEL_REFUSED */
  announce(at: Outlet, ip: string, mac: string): Promise<void> {
    return this.#send(at, announcement(ip, mac));
  }

  async #send({ index, tags }: Outlet, frame: Buffer): Promise<void> {
    // `punt_packetdesc_t`.
    const head = Buffer.alloc(8);
    head.writeUInt32LE(index, 0);
    head.writeUInt32LE(PUNT_L2, 4);
    const datagram = Buffer.concat([head, tagged(frame, tags)]);
    for (let i = 0; i < MAX_FULL; i++) {
      if (this.#open === undefined) {
        throw new NfvError('VPP_UNREACHABLE', `no connection to ${this.path}`);
      }
      const { calls, fd } = this.#open;
      if (calls.send(fd, datagram)) return;
      await new Promise<void>((resolve) => this.timers.after(FULL_MS, resolve));
    }
    throw new NfvError('VPP_UNREACHABLE', `VPP does not read what is sent to ${this.path}`);
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
