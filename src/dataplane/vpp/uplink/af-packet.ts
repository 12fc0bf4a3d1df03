/** Interfaces of the kernel in VPP: plugins/af_packet. VPP calls its own `host-NAME`. */
import { parseTag } from '../tag.js';
import type { Vpp } from '../vpp.js';

/**
 * What VPP reserves of the kernel's memory for one interface: 22 MB. Of itself it takes 138 MB, and with
 * a hundred interfaces answers no call in time. Of what comes in a frame has the largest MTU with its
 * headers, in whole pages together. What goes out keeps VPP's own size: it is copied there unchecked
 * (af_packet/device.c); a vector of VPP fits in.
 */
const RING = { rxFrameBytes: 10_240, rxFrames: 512, txFrames: 256 } as const;

/** As VPP calls it. */
export const hostInterfaceName = (name: string): string => `host-${name}`;

/** What a tag attests of the kernel's interface that VPP took. @param kernelIndex undefined: the agent sees none */
export function attestedIndex(kernelIndex: number | undefined): string {
  return kernelIndex === undefined ? '' : `i${kernelIndex}`;
}

/** Whoever made the tag, or took the interface where the agent sees none, attests nothing. */
export function isOnKernelIndex(tag: string, kernelIndex: number | undefined): boolean {
  const attested = parseTag(tag)?.attested ?? '';
  return attested === '' || attested === attestedIndex(kernelIndex);
}

/** @returns the index of VPP's interface. @throws NfvError VPP_REFUSED */
export async function createHostInterface(name: string, vpp: Vpp): Promise<number> {
  const fields = {
    hw_addr: '00:00:00:00:00:00',
    use_random_hw_addr: true,
    host_if_name: name,
  };
  if (!vpp.has('af_packet_create_v3')) {
    return (await vpp.request('af_packet_create', fields)).sw_if_index;
  }
  const { sw_if_index: index } = await vpp.request('af_packet_create_v3', {
    ...fields,
    mode: 'AF_PACKET_API_MODE_ETHERNET',
    rx_frame_size: RING.rxFrameBytes,
    tx_frame_size: 0,
    rx_frames_per_block: RING.rxFrames,
    tx_frames_per_block: RING.txFrames,
    flags: ['AF_PACKET_API_FLAG_VERSION_2'],
  });
  return index;
}
