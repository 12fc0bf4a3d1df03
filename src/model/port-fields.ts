/** A port under the names of proto/nfv/v1/endpoint.proto: for the wire, and for filters. */
import type { Port } from './endpoint.js';
import type { VppPort } from './vpp-ports.js';

export function portFields(port: Port) {
  switch (port.kind) {
    case 'veth':
      return {
        veth: {
          netns: port.netns,
          interface: port.interface,
          host_interface: port.hostInterface,
        },
      };
    case 'tap':
      return {
        tap: {
          interface: port.interface,
          owner_uid: port.ownerUid,
          multi_queue: port.multiQueue,
          vnet_hdr: port.vnetHdr,
        },
      };
    case 'host_interface':
      return { host_interface: { interface: port.interface } };
    default:
      return vppPortFields(port);
  }
}

function vppPortFields(port: VppPort) {
  switch (port.kind) {
    case 'vhost_user':
      return {
        vhost_user: {
          socket: port.socket,
          role: `ROLE_${port.role}` as const,
          socket_mode: port.socketMode,
          owner_uid: port.ownerUid,
          owner_gid: port.ownerGid,
          gso: port.gso,
          packed_ring: port.packedRing,
          event_idx: port.eventIdx,
          disable_mrg_rxbuf: port.disableMrgRxbuf,
          disable_indirect_desc: port.disableIndirectDesc,
        },
      };
    case 'memif':
      return {
        memif: {
          socket: port.socket,
          role: `ROLE_${port.role}` as const,
          id: port.id,
          ring_size: port.ringSize,
          buffer_size: port.bufferSize,
          secret_name: port.secretName,
        },
      };
    case 'vlan':
      return {
        vlan: {
          parent: port.parent,
          outer_vlan_id: port.outerVlanId,
          inner_vlan_id: port.innerVlanId,
          dot1ad: port.dot1ad,
        },
      };
    case 'vpp_interface':
      return { vpp_interface: { interface: port.interface } };
  }
}
