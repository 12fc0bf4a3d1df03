import type { Feature } from '../feature.js';
import { afPacket } from './af-packet.js';
import { addresses } from './address.js';
import { bdIpMac } from './bd-ip-mac.js';
import { bridgeDomains } from './bridge-domain.js';
import { devices } from './device.js';
import { fibSources } from './fib-entries.js';
import { interfaces } from './interface.js';
import { l2fib } from './l2fib.js';
import { lldp } from './lldp.js';
import { loopbacks } from './loopback.js';
import { memif } from './memif.js';
import { memclnt } from './memclnt.js';
import { neighbors } from './neighbor.js';
import { ipRoutes } from './route.js';
import { subinterfaces } from './subinterface.js';
import { tapFeature } from './tap.js';
import { vhostUser } from './vhost-user.js';
import { vlib } from './vlib.js';
import { vxlan } from './vxlan.js';

export const FEATURES: readonly Feature[] = [
  memclnt,
  vlib,
  interfaces,
  loopbacks,
  lldp,
  subinterfaces,
  addresses,
  ipRoutes,
  fibSources,
  neighbors,
  bridgeDomains,
  l2fib,
  bdIpMac,
  vxlan,
  tapFeature,
  afPacket,
  vhostUser,
  memif,
  devices,
];
