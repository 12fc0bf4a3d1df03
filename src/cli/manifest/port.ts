/** Ports from manifests and to manifests. */
import type { Port } from '../../model/endpoint.js';
import {
  NEW_MEMIF,
  NEW_VHOST_USER,
  NEW_VLAN,
  type VhostUserPort,
  type VppPort,
} from '../../model/vpp-ports.js';
import { octal } from '../octal.js';
import { optionalText } from './optional-text.js';
import type { PortManifest } from './port-schema.js';

export function toPort(manifest: PortManifest): Port {
  const { veth, tap, hostInterface } = manifest;
  if (veth !== undefined) {
    return {
      kind: 'veth',
      netns: veth.netns,
      interface: veth.interface ?? 'eth0',
      hostInterface: veth.hostInterface ?? '',
    };
  }
  if (hostInterface !== undefined) {
    return { kind: 'host_interface', interface: hostInterface.interface };
  }
  return (
    toVppPort(manifest) ?? {
      kind: 'tap',
      interface: tap?.interface ?? '',
      ownerUid: tap?.ownerUid ?? 0,
      multiQueue: tap?.multiQueue ?? false,
      vnetHdr: tap?.vnetHdr ?? false,
    }
  );
}

function toVppPort({ vhostUser, memif, vlan, vppInterface }: PortManifest): VppPort | undefined {
  if (vhostUser !== undefined) return toVhostUser(vhostUser);
  if (memif !== undefined) {
    return {
      kind: 'memif',
      socket: memif.socket,
      role: memif.role ?? NEW_MEMIF.role,
      id: memif.id ?? NEW_MEMIF.id,
      ringSize: memif.ringSize ?? NEW_MEMIF.ringSize,
      bufferSize: memif.bufferSize ?? NEW_MEMIF.bufferSize,
      secretName: memif.secretName ?? NEW_MEMIF.secretName,
    };
  }
  if (vlan !== undefined) {
    return {
      kind: 'vlan',
      parent: vlan.parent,
      outerVlanId: vlan.outerVlanId,
      innerVlanId: vlan.innerVlanId ?? NEW_VLAN.innerVlanId,
      dot1ad: vlan.dot1ad ?? NEW_VLAN.dot1ad,
    };
  }
  return vppInterface && { kind: 'vpp_interface', interface: vppInterface.interface };
}

function toVhostUser(manifest: NonNullable<PortManifest['vhostUser']>): VhostUserPort {
  const { role = NEW_VHOST_USER.role, socketMode: mode } = manifest;
  const usual = role === 'SERVER' ? NEW_VHOST_USER.socketMode : 0;
  return {
    kind: 'vhost_user',
    socket: manifest.socket,
    role,
    socketMode: mode === undefined ? usual : Number.parseInt(mode, 8),
    ownerUid: manifest.ownerUid ?? NEW_VHOST_USER.ownerUid,
    ownerGid: manifest.ownerGid ?? NEW_VHOST_USER.ownerGid,
    gso: manifest.gso ?? NEW_VHOST_USER.gso,
    packedRing: manifest.packedRing ?? NEW_VHOST_USER.packedRing,
    eventIdx: manifest.eventIdx ?? NEW_VHOST_USER.eventIdx,
    disableMrgRxbuf: manifest.disableMrgRxbuf ?? NEW_VHOST_USER.disableMrgRxbuf,
    disableIndirectDesc: manifest.disableIndirectDesc ?? NEW_VHOST_USER.disableIndirectDesc,
  };
}

export function portManifest(port: Port): PortManifest {
  switch (port.kind) {
    case 'veth':
      return {
        veth: {
          netns: port.netns,
          interface: port.interface,
          ...optionalText('hostInterface', port.hostInterface),
        },
      };
    case 'tap':
      return {
        tap: {
          ...optionalText('interface', port.interface),
          ownerUid: port.ownerUid,
          multiQueue: port.multiQueue,
          vnetHdr: port.vnetHdr,
        },
      };
    case 'host_interface':
      return { hostInterface: { interface: port.interface } };
    default:
      return vppPortManifest(port);
  }
}

function vppPortManifest(port: VppPort): PortManifest {
  switch (port.kind) {
    case 'vhost_user':
      return { vhostUser: vhostUserManifest(port) };
    case 'memif':
      return {
        memif: {
          socket: port.socket,
          role: port.role,
          id: port.id,
          ringSize: port.ringSize,
          bufferSize: port.bufferSize,
          ...optionalText('secretName', port.secretName),
        },
      };
    case 'vlan':
      return {
        vlan: {
          parent: port.parent,
          outerVlanId: port.outerVlanId,
          ...(port.innerVlanId === 0 ? {} : { innerVlanId: port.innerVlanId }),
          dot1ad: port.dot1ad,
        },
      };
    case 'vpp_interface':
      return { vppInterface: { interface: port.interface } };
  }
}

function vhostUserManifest(port: VhostUserPort): NonNullable<PortManifest['vhostUser']> {
  const { socketMode, ownerUid, ownerGid } = port;
  const server = { socketMode: octal(socketMode), ownerUid, ownerGid };
  return {
    socket: port.socket,
    role: port.role,
    ...(port.role === 'SERVER' ? server : {}),
    gso: port.gso,
    packedRing: port.packedRing,
    eventIdx: port.eventIdx,
    disableMrgRxbuf: port.disableMrgRxbuf,
    disableIndirectDesc: port.disableIndirectDesc,
  };
}
