/** How uplinks end that we made. */
import { randomBytes } from 'node:crypto';
import { NfvError } from '../../../errors.js';
import { detachByCommand, readDevices } from './devices.js';
import { endGroupTunnelsOn } from '../group-tunnels.js';
import { somebodyElses } from '../orphans.js';
import { parseTag } from '../tag.js';
import { endLoopback } from '../loopback.js';
import { isSpare, type UplinkView } from './uplink-part.js';
import type { Interface } from '../view.js';
import { NO_INTERFACE, RETVAL, unless, type Vpp } from '../vpp.js';

/** Characters of an interface's name that are kept in the one that it ends with. */
const MAX_KEPT = 31;

/**
 * Ends one, whatever way it was made in; its sub-interfaces go with it, and tunnels to groups that are joined on it before.
 * @throws NfvError FOREIGN_OBJECT if somebody else's sub-interface is on it, and nothing was done
 */
export async function removeUplink(found: Interface, view: UplinkView, vpp: Vpp): Promise<void> {
  const theirs = view.interfaces.find(
    ({ sub, tag }) => sub?.parent === found.index && parseTag(tag) === undefined,
  );
  if (theirs !== undefined) throw somebodyElses(theirs, `on ${found.name}, which is to go`);
  const going = view.interfaces.filter(({ sub }) => sub?.parent === found.index);
  await endGroupTunnelsOn(
    [found, ...going].map(({ index }) => index),
    vpp,
  );
  if (found.sub !== undefined) {
    const removal = vpp.request('delete_subif', { sw_if_index: found.index });
    await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
    return;
  }
  for (const end of [endHostInterface, endTap, endSpare, endDevicePort]) {
    if (await end(found, vpp)) return;
  }
  throw new NfvError('INTERNAL', `nothing is known that makes an interface such as ${found.name}`);
}

/** Whether it is of that kind, as below. */
async function endHostInterface({ index }: Interface, vpp: Vpp): Promise<boolean> {
  if (!vpp.has('af_packet_dump')) return false;
  const all = await vpp.dump('af_packet_dump', {});
  const name = all.find((each) => each.sw_if_index === index)?.host_if_name;
  if (name === undefined) return false;
  const removal = vpp.request('af_packet_delete', { host_if_name: name });
  await unless(removal, RETVAL.SYSCALL_ERROR_1);
  return true;
}

async function endTap({ index }: Interface, vpp: Vpp): Promise<boolean> {
  if (!vpp.has('sw_interface_tap_v2_dump')) return false;
  const all = await vpp.dump('sw_interface_tap_v2_dump', { sw_if_index: NO_INTERFACE });
  if (!all.some((each) => each.sw_if_index === index)) return false;
  await unless(vpp.request('tap_delete_v2', { sw_if_index: index }), RETVAL.INVALID_SW_IF_INDEX);
  return true;
}

/** What only took the place of a number. */
async function endSpare(found: Interface, vpp: Vpp): Promise<boolean> {
  if (!isSpare(found)) return false;
  await endLoopback(found.index, vpp);
  return true;
}

/**
 * The device is let go with the interface of its last port: then the kernel can have it back. VPP keeps nodes by
 * the interface's name, and aborts when it makes others of that name (vnet_delete_hw_interface): so that it can be
 * had again, another name goes with this one.
 */
async function endDevicePort({ index, name }: Interface, vpp: Vpp): Promise<boolean> {
  if (!vpp.can('devices')) return false;
  const devices = await readDevices(vpp);
  const device = devices.find(({ ports }) => [...ports.values()].includes(name));
  if (device === undefined) return false;
  const last = `${name.slice(0, MAX_KEPT)}~${randomBytes(4).toString('hex')}`;
  await vpp.request('sw_interface_set_interface_name', { sw_if_index: index, name: last });
  await vpp.request('dev_remove_port_if', { sw_if_index: index });
  const others = [...device.ports.values()].filter((each) => each !== undefined && each !== name);
  if (others.length === 0) await detachByCommand(device.id, vpp);
  return true;
}
