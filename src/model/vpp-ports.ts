/** Ports that only VPP has. Fields as in proto/nfv/v1/endpoint.proto. */
import type { Violations } from './violations.js';

export type VhostUserRole = 'SERVER' | 'CLIENT';

/** A virtual machine's virtio interface, over a socket (VPP plugins/vhost). */
export interface VhostUserPort {
  readonly kind: 'vhost_user';
  /** Absolute path on the NVE's host. */
  readonly socket: string;
  /** VPP's. */
  readonly role: VhostUserRole;
  /** Permission bits of a server's socket; 0 of a client. */
  readonly socketMode: number;
  readonly ownerUid: number;
  readonly ownerGid: number;
  readonly gso: boolean;
  readonly packedRing: boolean;
  readonly eventIdx: boolean;
  readonly disableMrgRxbuf: boolean;
  readonly disableIndirectDesc: boolean;
}

export type MemifRole = 'MASTER' | 'SLAVE';

/** Memory shared with another program (VPP plugins/memif). */
export interface MemifPort {
  readonly kind: 'memif';
  /** Absolute path on the NVE's host. */
  readonly socket: string;
  /** VPP's. */
  readonly role: MemifRole;
  readonly id: number;
  /** Descriptors; a power of two. */
  readonly ringSize: number;
  /** Bytes. */
  readonly bufferSize: number;
  /** File in the agent's directory of secrets; empty: no secret. */
  readonly secretName: string;
}

/** Frames with these tags of an interface that VPP has. */
export interface VlanPort {
  readonly kind: 'vlan';
  /** VPP's name of the interface. */
  readonly parent: string;
  readonly outerVlanId: number;
  /** 0: one tag only. */
  readonly innerVlanId: number;
  /** The outer tag is IEEE 802.1ad's. */
  readonly dot1ad: boolean;
}

/** An interface that VPP has and that somebody else made. */
export interface VppInterfacePort {
  readonly kind: 'vpp_interface';
  /** VPP's name. */
  readonly interface: string;
}

export type VppPort = VhostUserPort | MemifPort | VlanPort | VppInterfacePort;

export const DEFAULT_SOCKET_MODE = 0o660;

/** What a port is like where nothing else is said. */
export const NEW_VHOST_USER: VhostUserPort = {
  kind: 'vhost_user',
  socket: '',
  role: 'SERVER',
  socketMode: DEFAULT_SOCKET_MODE,
  ownerUid: 0,
  ownerGid: 0,
  gso: false,
  packedRing: false,
  eventIdx: false,
  disableMrgRxbuf: false,
  disableIndirectDesc: false,
};

export const NEW_MEMIF: MemifPort = {
  kind: 'memif',
  socket: '',
  role: 'MASTER',
  id: 0,
  ringSize: 1024,
  bufferSize: 2048,
  secretName: '',
};

export const NEW_VLAN: VlanPort = {
  kind: 'vlan',
  parent: '',
  outerVlanId: 0,
  innerVlanId: 0,
  dot1ad: false,
};

/** sun_path less the final 0 (unix(7)). */
const MAX_SOCKET_PATH = 107;
/** VPP's text fields have 64 bytes with the final 0. */
const MAX_VPP_NAME = 63;
const U32 = 0xffff_ffff;
/** MEMIF_MAX_LOG2_RING_SIZE is 14 (VPP plugins/memif/private.h). */
const RING_SIZES = { min: 32, max: 16_384 } as const;
const BUFFER_SIZES = { min: 64, max: 65_535 } as const;
/** A name of a file: none that leaves its directory or hides in it. */
const SECRET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Checks a port on its own; fields under `port`. */
export function checkVppPort(v: Violations, port: VppPort): void {
  switch (port.kind) {
    case 'vhost_user':
      checkVhostUser(v, port);
      break;
    case 'memif':
      checkMemif(v, port);
      break;
    case 'vlan':
      checkVlan(v, port);
      break;
    case 'vpp_interface':
      checkVppName(v, 'port.vpp_interface.interface', port.interface);
      break;
  }
}

function checkVhostUser(v: Violations, port: VhostUserPort): void {
  checkSocketPath(v, 'port.vhost_user.socket', port.socket);
  const { role, socketMode: mode } = port;
  if (role === 'SERVER') {
    checkRange(v, 'port.vhost_user.socket_mode', mode, [1, 0o777], 'permission bits');
  }
  for (const [field, value] of [
    ['owner_uid', port.ownerUid],
    ['owner_gid', port.ownerGid],
  ] as const) {
    checkRange(v, `port.vhost_user.${field}`, value, [0, U32 - 1], 'an id');
  }
  if (role !== 'CLIENT') return;
  for (const [field, value] of [
    ['socket_mode', mode],
    ['owner_uid', port.ownerUid],
    ['owner_gid', port.ownerGid],
  ] as const) {
    if (value === 0) continue;
    const remedy = 'leave it out, or let VPP be the server';
    v.add(`port.vhost_user.${field}`, value, "a client's socket is the other end's", remedy);
  }
}

function checkMemif(v: Violations, port: MemifPort): void {
  checkSocketPath(v, 'port.memif.socket', port.socket);
  checkRange(v, 'port.memif.id', port.id, [0, U32], 'an id');
  const { ringSize: size, secretName } = port;
  const { min, max } = RING_SIZES;
  if (!Number.isInteger(size) || size < min || size > max || (size & (size - 1)) !== 0) {
    const remedy = `give a power of two, ${min}-${max}`;
    v.add('port.memif.ring_size', size, 'not a size that a ring can have', remedy);
  }
  const sizes = [BUFFER_SIZES.min, BUFFER_SIZES.max] as const;
  checkRange(v, 'port.memif.buffer_size', port.bufferSize, sizes, 'a size that a buffer can have');
  if (secretName !== '' && !SECRET_NAME.test(secretName)) {
    v.add(
      'port.memif.secret_name',
      secretName,
      'not the name of a file',
      'give 1-63 characters of A-Z, a-z, 0-9, ".", "_" and "-", a letter or digit first',
    );
  }
}

function checkVlan(v: Violations, port: VlanPort): void {
  checkVppName(v, 'port.vlan.parent', port.parent);
  checkRange(v, 'port.vlan.outer_vlan_id', port.outerVlanId, [1, 4094], 'a VLAN id');
  if (port.innerVlanId !== 0) {
    checkRange(v, 'port.vlan.inner_vlan_id', port.innerVlanId, [1, 4094], 'a VLAN id');
  }
}

function checkRange(
  v: Violations,
  field: string,
  value: number,
  [min, max]: readonly [number, number],
  what: string,
): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  v.add(field, value, `not ${what}`, `give ${min}-${max}`);
}

function checkSocketPath(v: Violations, field: string, path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_SOCKET_PATH) {
    const remedy = `give at most ${MAX_SOCKET_PATH}: the kernel takes no more`;
    v.add(field, path, `${bytes} bytes long`, remedy);
  } else if (!/^(\/[^/\p{Cc}]+)+$/u.test(path) || /\/\.{1,2}(\/|$)/.test(path)) {
    const remedy =
      'give an absolute path without ".", ".." and "//", such as "/run/nfvd/vhost/web"';
    v.add(field, path, 'not the path of a socket', remedy);
  }
}

function checkVppName(v: Violations, field: string, name: string): void {
  if (name.length > MAX_VPP_NAME) {
    const remedy = `give at most ${MAX_VPP_NAME}: VPP would cut it`;
    v.add(field, name, `${name.length} characters long`, remedy);
  } else if (!/^[\x21-\x7e]+$/.test(name)) {
    v.add(field, name, "not a name of VPP's", 'give one of "show interface"');
  }
}
