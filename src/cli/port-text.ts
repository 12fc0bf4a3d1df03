/** How a port is shown. */
import type { Port } from '../model/endpoint.js';
import type { VlanPort, VppPort } from '../model/vpp-ports.js';
import { octal } from './octal.js';

/** In one cell of a table. */
export function portText(port: Port): string {
  switch (port.kind) {
    case 'veth':
      return `veth ${port.netns}/${port.interface}`;
    case 'tap':
      return `tap ${port.interface}`.trim();
    case 'host_interface':
      return `host ${port.interface}`;
    case 'vhost_user':
      return `vhost-user ${port.socket}`;
    case 'memif':
      return `memif ${port.socket}#${port.id}`;
    case 'vlan':
      return `vlan ${port.parent} ${vlanTags(port)}`;
    case 'vpp_interface':
      return `vpp ${port.interface}`;
  }
}

/** In the list that `describe` prints. */
export function portFields(port: Port): (readonly [name: string, value: string])[] {
  switch (port.kind) {
    case 'veth':
      return [
        ['Port', 'veth'],
        ['  Namespace', port.netns],
        ['  Interface', port.interface],
        ['  Host interface', port.hostInterface === '' ? 'derived' : port.hostInterface],
      ];
    case 'tap':
      return [
        ['Port', 'tap'],
        ['  Interface', port.interface === '' ? 'derived' : port.interface],
        ['  Owner', `uid ${port.ownerUid}`],
        ['  Multi-queue', yesNo(port.multiQueue)],
        ['  virtio-net header', yesNo(port.vnetHdr)],
      ];
    case 'host_interface':
      return [
        ['Port', 'interface of the host'],
        ['  Interface', port.interface],
      ];
    default:
      return vppPortFields(port);
  }
}

function vppPortFields(port: VppPort): (readonly [name: string, value: string])[] {
  switch (port.kind) {
    case 'vhost_user': {
      const { socketMode: mode, ownerUid: uid, ownerGid: gid } = port;
      const access = `mode ${octal(mode)}, uid ${uid}, gid ${gid}`;
      return [
        ['Port', 'vhost-user'],
        ['  Socket', port.socket],
        ['  Role of VPP', port.role],
        ['  Access', port.role === 'SERVER' ? access : "the other end's"],
        ['  GSO', yesNo(port.gso)],
        ['  Packed ring', yesNo(port.packedRing)],
        ['  Event index', yesNo(port.eventIdx)],
        ['  Mergeable buffers', yesNo(!port.disableMrgRxbuf)],
        ['  Indirect descriptors', yesNo(!port.disableIndirectDesc)],
      ];
    }
    case 'memif':
      return [
        ['Port', 'memif'],
        ['  Socket', port.socket],
        ['  Role of VPP', port.role],
        ['  Id', String(port.id)],
        ['  Ring', `${port.ringSize} descriptors`],
        ['  Buffers', `${port.bufferSize} bytes`],
        ['  Secret', port.secretName === '' ? 'none' : `in the file ${port.secretName}`],
      ];
    case 'vlan':
      return [
        ['Port', 'VLAN of an interface of VPP'],
        ['  Interface', port.parent],
        ['  Tags', vlanTags(port)],
      ];
    case 'vpp_interface':
      return [
        ['Port', 'interface of VPP'],
        ['  Interface', port.interface],
      ];
  }
}

/** `dot1q 100`, `dot1ad 100 inner 200` */
function vlanTags({ dot1ad, outerVlanId, innerVlanId }: VlanPort): string {
  const outer = `${dot1ad ? 'dot1ad' : 'dot1q'} ${outerVlanId}`;
  return innerVlanId === 0 ? outer : `${outer} inner ${innerVlanId}`;
}

export function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
