/** An uplink on an interface of the kernel, which VPP takes by af_packet. */
import { createHostInterface } from './af-packet.js';
import type { UplinkPart } from './uplink-part.js';

export function hostUplink(hostInterface: string): UplinkPart {
  const name = `host-${hostInterface}`;
  return {
    name,
    find: ({ interfaces }) => interfaces.find((each) => each.name === name),
    differences: () => [],
    create: (_tag, _on, { vpp }) => createHostInterface(hostInterface, vpp),
  };
}
