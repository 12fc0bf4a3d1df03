import type { Command } from 'commander';
import { z } from 'zod';
import { invalidField } from '../../errors.js';
import type { Port, TapPort, VethPort } from '../../model/endpoint.js';
import { integerOf } from './parse.js';
import { addVppPortFlags, VppPortOptions, vppPortFlags, vppPortOf } from './vpp-port-flags.js';

const text = z.string().optional();
const flag = z.boolean().optional();

export const PortOptions = z.object({
  vethNetns: text,
  vethInterface: text,
  vethHostInterface: text,
  tap: flag,
  tapInterface: text,
  tapOwnerUid: text,
  tapMultiQueue: flag,
  tapVnetHdr: flag,
  hostInterface: text,
  ...VppPortOptions.shape,
});
type PortOptions = z.infer<typeof PortOptions>;

export function addPortFlags(command: Command): void {
  command
    .option('--veth-netns <name>', 'plug in a veth pair, its end in this namespace')
    .option('--veth-interface <name>', "name of the guest's end; eth0 if absent")
    .option('--veth-host-interface <name>', "name of the host's end; derived if absent")
    .option('--tap', 'plug in a tap device for a virtual machine')
    .option('--tap-interface <name>', 'its name; derived if absent')
    .option('--tap-owner-uid <uid>', 'who may open it; 0 if absent')
    .option('--tap-multi-queue', 'it may be opened several times')
    .option('--no-tap-multi-queue', 'it may be opened once')
    .option('--tap-vnet-hdr', 'frames carry a virtio-net header')
    .option('--no-tap-vnet-hdr', 'they do not')
    .option('--host-interface <name>', 'take this interface of the host as it is');
  addVppPortFlags(command);
}

/** The port that the flags ask for, on top of the one there is; undefined: they ask for none. */
export function portOf(options: PortOptions, live: Port | undefined): Port | undefined {
  const { vethNetns, vethInterface, vethHostInterface, hostInterface } = options;
  const { tap, tapInterface, tapOwnerUid, tapMultiQueue, tapVnetHdr } = options;
  const asked = {
    '--veth': [vethNetns, vethInterface, vethHostInterface],
    '--tap': [tap, tapInterface, tapOwnerUid, tapMultiQueue, tapVnetHdr],
    '--host-interface': [hostInterface],
    ...vppPortFlags(options),
  };
  const [kind, other] = Object.entries(asked)
    .filter(([, values]) => values.some((value) => value !== undefined))
    .map(([name]) => name);
  if (kind !== undefined && other !== undefined) {
    throw invalidField(other, `with ${kind}`, 'two kinds of port', 'leave out one of the two');
  }
  if (kind === '--veth') return vethOf(options, live?.kind === 'veth' ? live : NEW_VETH);
  if (kind === '--tap') return tapOf(options, live?.kind === 'tap' ? live : NEW_TAP);
  if (hostInterface !== undefined) return { kind: 'host_interface', interface: hostInterface };
  return kind === undefined ? undefined : vppPortOf(kind, options, live);
}

const NEW_VETH: VethPort = { kind: 'veth', netns: '', interface: 'eth0', hostInterface: '' };

const NEW_TAP: TapPort = {
  kind: 'tap',
  interface: '',
  ownerUid: 0,
  multiQueue: false,
  vnetHdr: false,
};

function vethOf(options: PortOptions, live: VethPort): VethPort {
  return {
    kind: 'veth',
    netns: options.vethNetns ?? live.netns,
    interface: options.vethInterface ?? live.interface,
    hostInterface: options.vethHostInterface ?? live.hostInterface,
  };
}

function tapOf(options: PortOptions, live: TapPort): TapPort {
  const { tapOwnerUid: uid } = options;
  return {
    kind: 'tap',
    interface: options.tapInterface ?? live.interface,
    ownerUid:
      uid === undefined ? live.ownerUid : integerOf('--tap-owner-uid', uid, [0, 0xffff_ffff]),
    multiQueue: options.tapMultiQueue ?? live.multiQueue,
    vnetHdr: options.tapVnetHdr ?? live.vnetHdr,
  };
}
