/** Loopbacks: vnet/ethernet. */
import { RETVAL, unless, type Vpp } from './vpp.js';

const ANY_MAC = '00:00:00:00:00:00';

/** @param mac one that VPP takes by itself, if it is left out. @returns its index. @throws NfvError as Vpp.request */
export async function makeLoopback(vpp: Vpp, mac = ANY_MAC): Promise<number> {
  const fields = { mac_address: mac, is_specified: false, user_instance: 0 };
  return (await vpp.request('create_loopback_instance', fields)).sw_if_index;
}

/** That it is gone is success. @throws NfvError as Vpp.request */
export async function endLoopback(index: number, vpp: Vpp): Promise<void> {
  const removal = vpp.request('delete_loopback', { sw_if_index: index });
  await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
}
