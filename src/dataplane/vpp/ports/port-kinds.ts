/** All ways to plug in an endpoint. One that was only taken is told before what it is made of. */
import { NfvError } from '../../../errors.js';
import type { TapPort } from '../../../model/endpoint.js';
import { forAnyPort, type AnyPortKind, type PortKind, type PortKindName } from './port-kind.js';
import { hostInterfacePort } from './port-host.js';
import { memifPort } from './port-memif.js';
import { vethPort } from './port-tap.js';
import { vhostUserPort } from './port-vhost-user.js';
import { vlanPort } from './port-vlan.js';
import { vppInterfacePort } from './port-vpp-interface.js';

/** VPP's taps are the other way round: VPP opens them. */
const tapPort: PortKind<TapPort> = {
  claims: () => [],
  observe: () => undefined,
  create: () => {
    throw new NfvError('ITEM_UNSUPPORTED', 'VPP makes no tap for a virtual machine monitor');
  },
  remove: () => Promise.resolve(),
};

export const PORT_KINDS: Readonly<Record<PortKindName, AnyPortKind>> = {
  vpp_interface: forAnyPort('vpp_interface', vppInterfacePort),
  veth: forAnyPort('veth', vethPort),
  host_interface: forAnyPort('host_interface', hostInterfacePort),
  vhost_user: forAnyPort('vhost_user', vhostUserPort),
  memif: forAnyPort('memif', memifPort),
  vlan: forAnyPort('vlan', vlanPort),
  tap: forAnyPort('tap', tapPort),
};
