/** All ways in which VPP comes to an interface to the underlay. */
import { NfvError } from '../../../errors.js';
import type { Uplink } from './uplink.js';
import { deviceUplink } from './uplink-device.js';
import { hostUplink } from './uplink-host.js';
import { namedUplink, pciUplink } from './uplink-found.js';
import type { UplinkPart } from './uplink-part.js';
import { tapUplink } from './uplink-tap.js';
import { vlanUplink } from './uplink-vlan.js';

/** @throws NfvError INTERNAL: the configuration's schema lets none pass that has no interface */
export function partOf(uplink: Uplink): UplinkPart {
  const { interface: name, pci, hostInterface, device, tap, vlan, mtu } = uplink;
  if (name !== undefined) return namedUplink(name);
  if (pci !== undefined) return pciUplink(pci);
  if (hostInterface !== undefined) return hostUplink(hostInterface);
  if (device !== undefined) return deviceUplink(device);
  if (tap !== undefined) return tapUplink(tap, mtu);
  if (vlan !== undefined) return vlanUplink(vlan);
  throw new NfvError('INTERNAL', 'an uplink without an interface');
}
