/** Flags of the kinds of port that only VPP has. */
import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../../errors.js';
import type { Port } from '../../model/endpoint.js';
import {
  NEW_MEMIF,
  NEW_VHOST_USER,
  NEW_VLAN,
  type MemifPort,
  type VhostUserPort,
  type VlanPort,
  type VppPort,
} from '../../model/vpp-ports.js';
import { choiceOf, integerOf } from './parse.js';

const text = z.string().optional();
const flag = z.boolean().optional();

export const VppPortOptions = z.object({
  vhostUserSocket: text,
  vhostUserRole: text,
  vhostUserSocketMode: text,
  vhostUserOwnerUid: text,
  vhostUserOwnerGid: text,
  vhostUserGso: flag,
  vhostUserPackedRing: flag,
  vhostUserEventIdx: flag,
  vhostUserMrgRxbuf: flag,
  vhostUserIndirectDesc: flag,
  memifSocket: text,
  memifRole: text,
  memifId: text,
  memifRingSize: text,
  memifBufferSize: text,
  memifSecretName: text,
  vlanParent: text,
  vlanOuterVlanId: text,
  vlanInnerVlanId: text,
  vlanDot1ad: flag,
  vppInterface: text,
});
type VppPortOptions = z.infer<typeof VppPortOptions>;

const U32: readonly [number, number] = [0, 0xffff_ffff];

export function addVppPortFlags(command: Command): void {
  command
    .option('--vhost-user-socket <path>', "plug in a virtual machine by VPP's vhost-user")
    .option('--vhost-user-role <role>', 'of VPP: server or client; server if absent')
    .option('--vhost-user-socket-mode <mode>', "of a server's socket; 0660 if absent")
    .option('--vhost-user-owner-uid <uid>', 'who owns the socket; 0 if absent')
    .option('--vhost-user-owner-gid <gid>', 'which group does; 0 if absent')
    .option('--vhost-user-gso', 'offer segmentation offload')
    .option('--no-vhost-user-gso', 'do not')
    .option('--vhost-user-packed-ring', 'offer packed rings')
    .option('--no-vhost-user-packed-ring', 'do not')
    .option('--vhost-user-event-idx', 'offer the event index')
    .option('--no-vhost-user-event-idx', 'do not')
    .option('--vhost-user-mrg-rxbuf', 'offer mergeable buffers, as if absent')
    .option('--no-vhost-user-mrg-rxbuf', 'do not')
    .option('--vhost-user-indirect-desc', 'offer indirect descriptors, as if absent')
    .option('--no-vhost-user-indirect-desc', 'do not')
    .option('--memif-socket <path>', "plug in another program by VPP's memif")
    .option('--memif-role <role>', 'of VPP: master or slave; master if absent')
    .option('--memif-id <number>', 'that both ends have; 0 if absent')
    .option('--memif-ring-size <number>', 'descriptors of a ring; 1024 if absent')
    .option('--memif-buffer-size <bytes>', 'of a buffer; 2048 if absent')
    .option('--memif-secret-name <name>', "file with the secret, on the NVE's host")
    .option('--vlan-parent <name>', 'plug in a VLAN of this interface of VPP')
    .option('--vlan-outer-vlan-id <id>', 'of the outer or only tag')
    .option('--vlan-inner-vlan-id <id>', 'of the inner tag; 0: there is none')
    .option('--vlan-dot1ad', 'the outer tag is a service tag (802.1ad)')
    .option('--no-vlan-dot1ad', 'it is a customer tag (802.1Q)')
    .option('--vpp-interface <name>', 'take this interface that VPP has');
}

/** What a port is asked for with, by the beginning of its flags. */
export function vppPortFlags(options: VppPortOptions): Record<string, readonly unknown[]> {
  const of = (prefix: string): unknown[] =>
    Object.entries(options).flatMap(([name, value]) => (name.startsWith(prefix) ? [value] : []));
  return {
    '--vhost-user': of('vhostUser'),
    '--memif': of('memif'),
    '--vlan': of('vlan'),
    '--vpp-interface': [options.vppInterface],
  };
}

/** On top of the one there is. @param kind one of `vppPortFlags` */
export function vppPortOf(
  kind: string,
  options: VppPortOptions,
  live: Port | undefined,
): VppPort | undefined {
  switch (kind) {
    case '--vhost-user':
      return vhostUserOf(options, live?.kind === 'vhost_user' ? live : NEW_VHOST_USER);
    case '--memif':
      return memifOf(options, live?.kind === 'memif' ? live : NEW_MEMIF);
    case '--vlan':
      return vlanOf(options, live?.kind === 'vlan' ? live : NEW_VLAN);
    default:
      return options.vppInterface === undefined
        ? undefined
        : { kind: 'vpp_interface', interface: options.vppInterface };
  }
}

function vhostUserOf(options: VppPortOptions, live: VhostUserPort): VhostUserPort {
  const { vhostUserRole: role } = options;
  const asked =
    role === undefined
      ? live.role
      : choiceOf('--vhost-user-role', role, ['SERVER', 'CLIENT'] as const);
  return {
    kind: 'vhost_user',
    socket: options.vhostUserSocket ?? live.socket,
    role: asked,
    ...accessOf(options, live, asked),
    gso: options.vhostUserGso ?? live.gso,
    packedRing: options.vhostUserPackedRing ?? live.packedRing,
    eventIdx: options.vhostUserEventIdx ?? live.eventIdx,
    disableMrgRxbuf: negated(options.vhostUserMrgRxbuf) ?? live.disableMrgRxbuf,
    disableIndirectDesc: negated(options.vhostUserIndirectDesc) ?? live.disableIndirectDesc,
  };
}

/** What a port had as a server means nothing of a client, nor the other way round. */
function accessOf(
  { vhostUserSocketMode: mode, vhostUserOwnerUid: uid, vhostUserOwnerGid: gid }: VppPortOptions,
  live: VhostUserPort,
  role: VhostUserPort['role'],
): Pick<VhostUserPort, 'socketMode' | 'ownerUid' | 'ownerGid'> {
  const other = role === 'SERVER' ? NEW_VHOST_USER : { socketMode: 0, ownerUid: 0, ownerGid: 0 };
  const { socketMode, ownerUid, ownerGid } = live.role === role ? live : other;
  return {
    socketMode: mode === undefined ? socketMode : modeOf('--vhost-user-socket-mode', mode),
    ownerUid: uid === undefined ? ownerUid : integerOf('--vhost-user-owner-uid', uid, U32),
    ownerGid: gid === undefined ? ownerGid : integerOf('--vhost-user-owner-gid', gid, U32),
  };
}

function memifOf(options: VppPortOptions, live: MemifPort): MemifPort {
  const { memifRole: role, memifId: id, memifRingSize: ring, memifBufferSize: buffer } = options;
  return {
    kind: 'memif',
    socket: options.memifSocket ?? live.socket,
    role: role === undefined ? live.role : choiceOf('--memif-role', role, ['MASTER', 'SLAVE']),
    id: id === undefined ? live.id : integerOf('--memif-id', id, U32),
    ringSize: ring === undefined ? live.ringSize : integerOf('--memif-ring-size', ring, U32),
    bufferSize:
      buffer === undefined ? live.bufferSize : integerOf('--memif-buffer-size', buffer, U32),
    secretName: options.memifSecretName ?? live.secretName,
  };
}

function vlanOf(options: VppPortOptions, live: VlanPort): VlanPort {
  const { vlanParent: parent, vlanOuterVlanId: outer, vlanInnerVlanId: inner } = options;
  return {
    kind: 'vlan',
    parent: parent ?? live.parent,
    outerVlanId:
      outer === undefined ? live.outerVlanId : integerOf('--vlan-outer-vlan-id', outer, U32),
    innerVlanId:
      inner === undefined ? live.innerVlanId : integerOf('--vlan-inner-vlan-id', inner, U32),
    dot1ad: options.vlanDot1ad ?? live.dot1ad,
  };
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function modeOf(name: string, value: string): number {
  if (/^0?[0-7]{1,3}$/.test(value)) return Number.parseInt(value, 8);
  throw invalidField(name, value, 'not a mode', 'give octal digits, such as 0660');
}
