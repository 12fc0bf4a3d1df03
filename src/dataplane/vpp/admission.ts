/** What VPP could not bear is refused before the first message of the item, or the uplink. */
import { NfvError } from '../../errors.js';
import type { Port } from '../../model/endpoint.js';
import type { PortItem } from '../../model/item.js';
import type { Step } from '../../reconcile/dataplane.js';
import { PacketBuffers, TAP_BUFFERS } from './packet-buffers.js';
import type { Release } from './release.js';
import type { Vpp } from './vpp.js';

/**
 * Interfaces on the kernel's that VPP has at most, uplinks among them. With 16 that have something to read
 * at once `vlib_file_poll` of VPP 25.06 and later never ends (vlib/file.c: it asks for 16 events until it
 * gets fewer), and VPP answers nothing any more.
 */
export const MAX_HOST_INTERFACES = 15;
const SINCE = 25.06;

/** What an interface takes of VPP that there may be too little of. */
export interface Intake {
  /** The kernel's interface that it is on. */
  readonly hostInterface?: string;
  /** Packet buffers that it keeps in its rings. */
  readonly buffers?: number;
}

export class Admission {
  /** Kernel interfaces that are about to be VPP's, by what they are for. */
  readonly #underWay = new Map<string, string>();
  readonly #buffers = new PacketBuffers();

  constructor(private readonly release: Release) {}

  /** What a step takes; undefined: what VPP can always bear. Uplinks ask for themselves. */
  of(step: Step): Intake | undefined {
    return step.op !== 'delete' && step.item.payload.kind === 'port'
      ? intakeOf(step.item.payload, step.op === 'create')
      : undefined;
  }

  /**
   * Before it is made, for an item or an uplink; `over` ends it.
   * @param name of what it is for, for people too
   * @throws NfvError DATAPLANE_FULL, and nothing was done
   */
  async admit(name: string, { hostInterface, buffers = 0 }: Intake, vpp: Vpp): Promise<void> {
    await Promise.all([
      hostInterface === undefined ? undefined : this.#admitInterface(name, hostInterface, vpp),
      buffers === 0 ? undefined : this.#buffers.admit(name, buffers, vpp),
    ]);
  }

  /** It is made, or failed. */
  over(name: string): void {
    this.#underWay.delete(name);
    this.#buffers.over(name);
  }

  async #admitInterface(forWhat: string, name: string, vpp: Vpp): Promise<void> {
    // Without such messages its making says which are missing.
    if (!vpp.has('af_packet_dump') || !(await this.#isLimited(vpp))) return;
    const dump = await vpp.dump('af_packet_dump', {});
    // VPP answers in order: what it had made by then and we had not heard of is still under way.
    const names = new Set([...dump.map((each) => each.host_if_name), ...this.#underWay.values()]);
    if (!names.has(name) && names.size >= MAX_HOST_INTERFACES) {
      const text = `VPP has ${names.size} interfaces on the kernel's; with more than ${MAX_HOST_INTERFACES} it can hang`;
      throw new NfvError('DATAPLANE_FULL', text, { metadata: { interface: name } });
    }
    this.#underWay.set(forWhat, name);
  }

  async #isLimited(vpp: Vpp): Promise<boolean> {
    const [, number = SINCE] = /^v?(\d+\.\d+)/.exec(await this.release.of(vpp)) ?? [];
    return Number(number) >= SINCE;
  }
}

function intakeOf({ port }: PortItem, isNew: boolean): Intake {
  if (port.kind === 'host_interface') return { hostInterface: port.interface };
  return isNew ? { buffers: ringsOf(port) } : {};
}

/** Buffers that the interface of a new port keeps in its rings. */
function ringsOf(port: Port): number {
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
