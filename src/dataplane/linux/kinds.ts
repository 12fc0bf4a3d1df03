/** All kinds of the kernel's dataplane. */
import { KindTable } from '../../reconcile/kind-table.js';
import { bridgeDomain } from './bridge-domain.js';
import { floodMember } from './flood-member.js';
import { gatewayInterface } from './routing/gateway-interface.js';
import { gatewayNeighbor } from './routing/gateway-neighbor.js';
import { macEntry } from './mac-entry.js';
import { neighborEntry } from './neighbor-entry.js';
import { port } from './ports/port.js';
import { providerPort } from './ports/provider-port.js';
import { route } from './routing/route.js';
import { tunnel } from './tunnel.js';
import { vrf } from './routing/vrf.js';
import { vtep } from './vtep.js';
import type { Kinds, LinuxMeans } from './kind.js';

export const KINDS: Kinds = {
  vtep,
  bridge_domain: bridgeDomain,
  tunnel,
  flood_member: floodMember,
  mac_entry: macEntry,
  neighbor_entry: neighborEntry,
  port,
  vrf,
  gateway_interface: gatewayInterface,
  gateway_neighbor: gatewayNeighbor,
  route,
  provider_port: providerPort,
};

export const KIND_TABLE = new KindTable<LinuxMeans>(KINDS);
