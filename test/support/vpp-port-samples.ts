/** A port of each kind that only VPP has, no field of it as it is by default. */
import type {
  MemifPort,
  VhostUserPort,
  VlanPort,
  VppInterfacePort,
} from '../../src/model/vpp-ports.js';

export const VHOST_USER: VhostUserPort = {
  kind: 'vhost_user',
  socket: '/run/nfvd/vhost/web',
  role: 'SERVER',
  socketMode: 0o600,
  ownerUid: 64055,
  ownerGid: 106,
  gso: true,
  packedRing: true,
  eventIdx: true,
  disableMrgRxbuf: true,
  disableIndirectDesc: true,
};

export const VHOST_CLIENT: VhostUserPort = {
  ...VHOST_USER,
  role: 'CLIENT',
  socketMode: 0,
  ownerUid: 0,
  ownerGid: 0,
};

export const MEMIF: MemifPort = {
  kind: 'memif',
  socket: '/run/nfvd/memif/cnf',
  role: 'SLAVE',
  id: 7,
  ringSize: 2048,
  bufferSize: 4096,
  secretName: 'cnf',
};

export const VLAN: VlanPort = {
  kind: 'vlan',
  parent: 'host-eth1',
  outerVlanId: 100,
  innerVlanId: 200,
  dot1ad: true,
};

export const VPP_INTERFACE: VppInterfacePort = {
  kind: 'vpp_interface',
  interface: 'GigabitEthernet3/0/1',
};

export const VPP_PORTS = [VHOST_USER, VHOST_CLIENT, MEMIF, VLAN, VPP_INTERFACE] as const;
