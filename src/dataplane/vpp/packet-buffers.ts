/** VPP's packet buffers. Where an interface's rings have taken the last of them VPP receives nothing any more. */
import { NfvError } from '../../errors.js';
import type { Step } from '../../reconcile/dataplane.js';
import type { Vpp } from './vpp.js';

/** `rx_ring_sz` of a tap by default, of which it has one: filled when it comes up (plugins/tap/tap.c). */
export const TAP_BUFFERS = 256;
/** Buffers for packets on their way: four vectors of 256 (VLIB_FRAME_SIZE). */
export const KEPT_BUFFERS = 1024;

const REMEDY =
  'give VPP more of them (buffers { buffers-per-numa N } in its startup.conf), or place the endpoint on another NVE';

export class PacketBuffers {
  /** Steps at work whose interfaces take buffers. */
  readonly #keys = new Set<string>();
  /** What was free before the first of them; VPP fills rings later than it makes an interface. */
  #free: Promise<number> | undefined;
  #promised = 0;

  /** @throws NfvError DATAPLANE_FULL */
  async admit(step: Step, vpp: Vpp): Promise<void> {
    const wanted = ringsOf(step);
    if (wanted === 0) return;
    this.#keys.add(step.key);
    this.#free ??= freeBuffers(vpp);
    const free = (await this.#free) - this.#promised;
    if (free < wanted + KEPT_BUFFERS) {
      const text = `VPP has ${free} packet buffers free; ${step.key} takes ${wanted}, and ${KEPT_BUFFERS} are kept for packets`;
      throw new NfvError('DATAPLANE_FULL', text, { remedy: REMEDY });
    }
    this.#promised += wanted;
  }

  over({ key }: Step): void {
    if (!this.#keys.delete(key) || this.#keys.size > 0) return;
    this.#free = undefined;
    this.#promised = 0;
  }
}

/** Buffers that the interface of a new port keeps in its rings. */
function ringsOf(step: Step): number {
  if (step.op !== 'create' || step.item.payload.kind !== 'port') return 0;
  const { port } = step.item.payload;
  switch (port.kind) {
    case 'veth':
      return TAP_BUFFERS;
    case 'memif':
      // From the other end's coming on; a master's are the other end's (memif_device_input_zc_inline).
      return port.role === 'SLAVE' ? port.ringSize : 0;
    default:
      return 0;
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
