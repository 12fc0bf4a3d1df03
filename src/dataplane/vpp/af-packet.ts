/** Interfaces of the kernel in VPP: plugins/af_packet. VPP calls its own `host-NAME`. */
import type { Vpp } from './vpp.js';

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
    // 0: VPP's own.
    rx_frame_size: 0,
    tx_frame_size: 0,
    rx_frames_per_block: 0,
    tx_frames_per_block: 0,
    flags: ['AF_PACKET_API_FLAG_VERSION_2'],
  });
  return index;
}
