/** What VPP could not bear is refused before the first message of the item. */
import { NfvError } from '../../errors.js';
import type { Step } from '../../reconcile/dataplane.js';
import { PacketBuffers } from './packet-buffers.js';
import type { Release } from './release.js';
import type { Vpp } from './vpp.js';

/**
 * Interfaces on the kernel's that VPP has at most, uplinks among them. With 16 that have something to read
 * at once `vlib_file_poll` of VPP 25.06 and later never ends (vlib/file.c: it asks for 16 events until it
 * gets fewer), and VPP answers nothing any more.
 */
export const MAX_HOST_INTERFACES = 15;
const SINCE = 25.06;

export class Admission {
  /** Kernel interfaces that are about to be VPP's, by the key of the item. */
  readonly #underWay = new Map<string, string>();
  readonly #buffers = new PacketBuffers();

  constructor(private readonly release: Release) {}

  /** Who is to be asked; undefined: what VPP can always bear. */
  of(step: Step): this | undefined {
    return step.op !== 'delete' && step.item.payload.kind === 'port' ? this : undefined;
  }

  /**
   * Before a step is carried out; `over` ends it.
   * @throws NfvError DATAPLANE_FULL, and nothing was done
   */
  async admit(step: Step, vpp: Vpp): Promise<void> {
    await Promise.all([this.#admitInterface(step, vpp), this.#buffers.admit(step, vpp)]);
  }

  /** The step is done, or failed. */
  over(step: Step): void {
    this.#underWay.delete(step.key);
    this.#buffers.over(step);
  }

  async #admitInterface(step: Step, vpp: Vpp): Promise<void> {
    const name = hostInterfaceOf(step);
    if (name === undefined || !(await this.#isLimited(vpp))) return;
    const dump = await vpp.dump('af_packet_dump', {});
    // VPP answers in order: what it had made by then and we had not heard of is still under way.
    const names = new Set([...dump.map((each) => each.host_if_name), ...this.#underWay.values()]);
    if (!names.has(name) && names.size >= MAX_HOST_INTERFACES) {
      const text = `VPP has ${names.size} interfaces on the kernel's; with more than ${MAX_HOST_INTERFACES} it can hang`;
      throw new NfvError('DATAPLANE_FULL', text, { metadata: { interface: name } });
    }
    this.#underWay.set(step.key, name);
  }

  async #isLimited(vpp: Vpp): Promise<boolean> {
    const [, number = SINCE] = /^v?(\d+\.\d+)/.exec(await this.release.of(vpp)) ?? [];
    return Number(number) >= SINCE;
  }
}

function hostInterfaceOf(step: Step): string | undefined {
  if (step.op === 'delete') return undefined;
  const { payload } = step.item;
  if (payload.kind !== 'port' || payload.port.kind !== 'host_interface') return undefined;
  return payload.port.interface;
}
