/**
 * An uplink on an interface of the kernel, which VPP takes by af_packet. VPP keeps to one that is deleted, and does
 * not tell: the tag attests the kernel's number of the one it took. One that an earlier version made attests nothing.
 */
import { NfvError } from '../../../errors.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import { attestedIndex, createHostInterface, isOnKernelIndex } from './af-packet.js';
import type { Seen } from '../orphans.js';
import { tagged, type UplinkMeans, type UplinkPart } from './uplink-part.js';
import { RETVAL } from '../vpp.js';

export function hostUplink(hostInterface: string): UplinkPart {
  const name = `host-${hostInterface}`;
  return {
    name,
    intake: { hostInterface },
    // Another one than ours is as good if it is in use: an operator made it.
    find: (view) =>
      tagged(name, view) ??
      view.interfaces.find((each) => each.name === name && (each.up || each.tag !== '')),
    attested: ({ kernelIndices }) => attestedIndex(kernelIndices.get(hostInterface)),
    differences: ({ tag }, { kernelIndices }) =>
      isOnKernelIndex(tag, kernelIndices.get(hostInterface))
        ? []
        : [`the kernel’s ${hostInterface} that it took was deleted`],
    needs({ kernelIndices }) {
      if (kernelIndices.has(hostInterface)) return;
      throw new NfvError('HOST_INTERFACE_MISSING', `the host has no interface ${hostInterface}`, {
        metadata: { interface: hostInterface },
      });
    },
    create: (tag, _on, means) => take(hostInterface, tag, means),
  };
}

/** @throws NfvError VPP_REFUSED; FOREIGN_OBJECT: VPP has taken it for somebody else */
async function take(
  hostInterface: string,
  tag: string,
  { vpp, orphans }: UplinkMeans,
): Promise<number> {
  try {
    return await createHostInterface(hostInterface, vpp);
  } catch (error) {
    if (retvalOf(error) !== RETVAL.IF_ALREADY_EXISTS) throw error;
    const what = `VPP's interface on ${hostInterface}`;
    const name = `host-${hostInterface}`;
    const orphan = {
      what,
      tag,
      comesUp: false,
      find: ({ interfaces }: Seen) => [...interfaces.values()].find((each) => each.name === name),
    };
    return await orphans.take(orphan, vpp);
  }
}
