/** VPP's packet buffers. Where an interface's rings have taken the last of them VPP receives nothing any more. */
import { NfvError } from '../../errors.js';
import type { Vpp } from './vpp.js';

/** `rx_ring_sz` of a tap by default, of which it has one: filled when it comes up (plugins/tap/tap.c). */
export const TAP_BUFFERS = 256;
/** Buffers for packets on their way: four vectors of 256 (VLIB_FRAME_SIZE). */
export const KEPT_BUFFERS = 1024;

const REMEDY =
  'give VPP more of them (buffers { buffers-per-numa N } in its startup.conf), or place the endpoint on another NVE';

export class PacketBuffers {
  /** What is at work and takes buffers. */
  readonly #names = new Set<string>();
  /** What was free before the first of them; VPP fills rings later than it makes an interface. */
  #free: Promise<number> | undefined;
  #promised = 0;

  /** @throws NfvError DATAPLANE_FULL */
  async admit(name: string, wanted: number, vpp: Vpp): Promise<void> {
    this.#names.add(name);
    this.#free ??= freeBuffers(vpp);
    const free = (await this.#free) - this.#promised;
    if (free < wanted + KEPT_BUFFERS) {
      const text = `VPP has ${free} packet buffers free; ${name} takes ${wanted}, and ${KEPT_BUFFERS} are kept for packets`;
      throw new NfvError('DATAPLANE_FULL', text, { remedy: REMEDY });
    }
    this.#promised += wanted;
  }

  over(name: string): void {
    if (!this.#names.delete(name) || this.#names.size > 0) return;
    this.#free = undefined;
    this.#promised = 0;
  }
}

/**
 * Of `show buffers`, which is right now; the statistics are of the last 10 s. Which NUMA node's an interface will
 * take is VPP's to choose: those of the pool with the fewest. A text that we do not
 * understand sets no limit.
 */
async function freeBuffers(vpp: Vpp): Promise<number> {
  const { reply } = await vpp.request('cli_inband', { cmd: 'show buffers' });
  return Math.min(...[...reply.matchAll(POOL)].map(([, available]) => Number(available)));
}

/** Name, index, NUMA node, size, data size, total, available, cached, used (format_vlib_buffer_pool). */
const POOL = /^\S+ +\d+ +-?\d+ +\d+ +\d+ +\d+ +(\d+) +\d+ +\d+ *\r?$/gm;
