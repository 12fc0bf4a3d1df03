/** How an endpoint is plugged in. */
import { invalidField } from '../../errors.js';
import type { Port } from '../../model/endpoint.js';
import { portFields } from '../../model/port-fields.js';
import {
  DEFAULT_SOCKET_MODE,
  NEW_MEMIF,
  type MemifPort,
  type MemifRole,
  type VhostUserPort,
  type VhostUserRole,
  type VppPort,
} from '../../model/vpp-ports.js';
import type { MemifPort__Output as MemifOut } from '../gen/nfv/v1/MemifPort.js';
import type { Port as WirePort, Port__Output as WirePortOut } from '../gen/nfv/v1/Port.js';
import type { VhostUserPort__Output as VhostUserOut } from '../gen/nfv/v1/VhostUserPort.js';
import { EnumTable } from './common.js';

const VHOST_USER_ROLES = new EnumTable<VhostUserRole, 'ROLE_SERVER' | 'ROLE_CLIENT'>(
  ['SERVER', 'CLIENT'],
  { SERVER: 'ROLE_SERVER', CLIENT: 'ROLE_CLIENT' },
);

const MEMIF_ROLES = new EnumTable<MemifRole, 'ROLE_MASTER' | 'ROLE_SLAVE'>(['MASTER', 'SLAVE'], {
  MASTER: 'ROLE_MASTER',
  SLAVE: 'ROLE_SLAVE',
});

export function portFromWire(field: string, wire: WirePortOut | null): Port {
  if (wire?.veth) {
    return {
      kind: 'veth',
      netns: wire.veth.netns,
      interface: wire.veth.interface === '' ? 'eth0' : wire.veth.interface,
      hostInterface: wire.veth.host_interface,
    };
  }
  if (wire?.tap) {
    return {
      kind: 'tap',
      interface: wire.tap.interface,
      ownerUid: wire.tap.owner_uid,
      multiQueue: wire.tap.multi_queue,
      vnetHdr: wire.tap.vnet_hdr,
    };
  }
  if (wire?.host_interface) {
    return { kind: 'host_interface', interface: wire.host_interface.interface };
  }
  const found = wire === null ? undefined : vppPortFromWire(field, wire);
  if (found !== undefined) return found;
  const known = 'veth, tap, host_interface, vhost_user, memif, vlan, vpp_interface';
  throw invalidField(field, '', 'no kind of port', `give one of ${known}`);
}

function vppPortFromWire(field: string, wire: WirePortOut): VppPort | undefined {
  if (wire.vhost_user) return vhostUserFromWire(`${field}.vhost_user`, wire.vhost_user);
  if (wire.memif) return memifFromWire(`${field}.memif`, wire.memif);
  if (wire.vlan) {
    return {
      kind: 'vlan',
      parent: wire.vlan.parent,
      outerVlanId: wire.vlan.outer_vlan_id,
      innerVlanId: wire.vlan.inner_vlan_id,
      dot1ad: wire.vlan.dot1ad,
    };
  }
  return wire.vpp_interface
    ? { kind: 'vpp_interface', interface: wire.vpp_interface.interface }
    : undefined;
}

function vhostUserFromWire(field: string, wire: VhostUserOut): VhostUserPort {
  const role = VHOST_USER_ROLES.fromWire(`${field}.role`, wire.role, 'SERVER');
  const mode = role === 'SERVER' ? DEFAULT_SOCKET_MODE : 0;
  return {
    kind: 'vhost_user',
    socket: wire.socket,
    role,
    socketMode: wire.socket_mode === 0 ? mode : wire.socket_mode,
    ownerUid: wire.owner_uid,
    ownerGid: wire.owner_gid,
    gso: wire.gso,
    packedRing: wire.packed_ring,
    eventIdx: wire.event_idx,
    disableMrgRxbuf: wire.disable_mrg_rxbuf,
    disableIndirectDesc: wire.disable_indirect_desc,
  };
}

function memifFromWire(field: string, wire: MemifOut): MemifPort {
  return {
    kind: 'memif',
    socket: wire.socket,
    role: MEMIF_ROLES.fromWire(`${field}.role`, wire.role, NEW_MEMIF.role),
    id: wire.id,
    ringSize: wire.ring_size === 0 ? NEW_MEMIF.ringSize : wire.ring_size,
    bufferSize: wire.buffer_size === 0 ? NEW_MEMIF.bufferSize : wire.buffer_size,
    secretName: wire.secret_name,
  };
}

export function portToWire(port: Port): WirePort {
  return portFields(port);
}
