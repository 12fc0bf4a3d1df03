/** The parts of the contract of VPP's dataplane that are by kind. */
import { vppDataplaneOwned } from './vpp-dataplane-owned.js';
import { vppDataplanePorts } from './vpp-dataplane-ports.js';
import { vppDataplaneRouting } from './vpp-dataplane-routing.js';
import { vppDataplaneRoutingOwned } from './vpp-dataplane-routing-owned.js';
import { vppDataplaneXconnect } from './vpp-dataplane-xconnect.js';
import { vppProviderPorts } from './vpp-provider-ports.js';
import { memifPorts } from './vpp-plugged-memif.js';
import { vhostUserPorts } from './vpp-plugged-vhost-user.js';
import { vlanPorts } from './vpp-plugged-vlan.js';
import { vppInterfacePorts } from './vpp-plugged-vpp-interface.js';
import { vppTaken } from './vpp-taken.js';

export const SUITES = [
  ['with a port on an interface of the host', vppDataplanePorts],
  ['with a port of kind vhost_user', vhostUserPorts],
  ['with a port of kind memif', memifPorts],
  ['with a port of kind vlan', vlanPorts],
  ['with a port of kind vpp_interface', vppInterfacePorts],
  ['with a provider network', vppProviderPorts],
  ['with a cross-connect', vppDataplaneXconnect],
  ['with a router', vppDataplaneRouting],
  ['with a router that is ours', vppDataplaneRoutingOwned],
  ['where something is in its way, or goes wrong', vppDataplaneOwned],
  ['where somebody was first', vppTaken],
] as const;
