/** Makes an uplink as configured, whatever of it is there. */
import { NfvError } from '../../../errors.js';
import { isMember } from '../read-interfaces.js';
import { attesting } from '../tag.js';
import type { Uplink } from './uplink.js';
import {
  missing,
  spareTag,
  uplinkTag,
  type UplinkMeans,
  type UplinkPart,
  type UplinkView,
} from './uplink-part.js';
import { setAddresses } from './uplink-addresses.js';
import { removeUplink } from './uplink-removal.js';
import type { UplinkRoutes } from './uplink-routes.js';
import type { UplinkTable } from './uplink-table.js';
import type { Interface } from '../view.js';
import { undoing } from '../undoing.js';
import { makeUnspoiled } from './unspoiled-number.js';
import type { Vpp } from '../vpp.js';

export interface Making {
  readonly table: UplinkTable;
  readonly routes: UplinkRoutes;
  readonly look: (vpp: Vpp) => Promise<UplinkView>;
  readonly means: UplinkMeans;
}

/**
 * With what carries it.
 * @throws NfvError VTEP_ADDRESS_MISSING, FOREIGN_OBJECT, VPP_REFUSED, and as `UplinkPart.create`
 */
export async function makeUplink(uplink: Uplink, making: Making): Promise<Interface> {
  const part = making.table.part(uplink);
  const on = await carrier(part, making);
  try {
    return await makeOn(on, uplink, making);
  } finally {
    // Its rings are filled when it comes up.
    making.means.admission.over(forAdmission(part));
  }
}

const forAdmission = ({ name }: UplinkPart): string => `the uplink ${name}`;

async function makeOn(
  on: Interface | undefined,
  uplink: Uplink,
  making: Making,
): Promise<Interface> {
  const { table, routes, look, means } = making;
  const { vpp } = means;
  const part = table.part(uplink);
  const index = await findOrMake(part, on, making);
  const view = await look(vpp);
  const found = view.interfaces.find((each) => each.index === index);
  if (found === undefined) throw missing(part);
  await setUp(found, uplink, making);
  await setAddresses(found, uplink, { view, table, vpp });
  await routes.put(uplink.routes, index, vpp);
  return found;
}

/** What is to carry it, made whole if that is an uplink too. */
async function carrier(part: UplinkPart, making: Making): Promise<Interface | undefined> {
  if (part.parent === undefined) return undefined;
  const uplink = making.table.carrierOf(part);
  if (uplink !== undefined) return await makeUplink(uplink, making);
  const { interfaces } = await making.look(making.means.vpp);
  return interfaces.find(({ name }) => name === part.parent);
}

async function findOrMake(
  part: UplinkPart,
  on: Interface | undefined,
  { look, means }: Making,
): Promise<number> {
  const { vpp } = means;
  const view = await look(vpp);
  const found = part.find(view);
  if (found !== undefined) {
    const isOther = part.create !== undefined && part.differences(found, view).length > 0;
    if (!isOther) return notMember(found).index;
    part.needs?.(view);
    await removeUplink(found, view, vpp);
  }
  const { create, intake = {} } = part;
  if (create === undefined) throw missing(part);
  await means.admission.admit(forAdmission(part), intake, vpp);
  const tag = uplinkTag(part.name);
  const end = (index: number, on: Vpp): Promise<void> => undo(index, look, on);
  const index = await makeUnspoiled({ make: () => create(tag, on, means), end, spareTag }, vpp);
  // What it attests was read before it was made: if that has changed meanwhile, it shows.
  const attested = attesting(tag, part.attested?.(view) ?? '');
  const name = { is_add: true, sw_if_index: index, tag: attested };
  const work = vpp.request('sw_interface_tag_add_del', name);
  await undoing(work, (lasting) => end(index, lasting), means);
  return index;
}

async function undo(index: number, look: Making['look'], vpp: Vpp): Promise<void> {
  const view = await look(vpp);
  const made = view.interfaces.find((each) => each.index === index);
  if (made !== undefined) await removeUplink(made, view, vpp);
}

/** @throws NfvError FOREIGN_OBJECT: it carries the frames of a network, and an address would end that */
function notMember(found: Interface): Interface {
  if (!isMember(found.tag)) return found;
  const { name, tag } = found;
  throw new NfvError('FOREIGN_OBJECT', `the uplink ${name} is a port or a tunnel: ${tag}`, {
    metadata: { interface: name, tag },
    remedy: 'give the endpoint another interface, or take the uplink out of the configuration',
  });
}

async function setUp(found: Interface, uplink: Uplink, { table, means }: Making): Promise<void> {
  const { vpp } = means;
  const largest = table.largestMtu(uplink);
  if (table.part(uplink).setsFrameSize === true && found.linkMtu < largest) {
    // A driver changes the size of frames only while its port is stopped.
    if (found.up) await setFlags(found.index, [], vpp);
    await vpp.request('hw_interface_set_mtu', { sw_if_index: found.index, mtu: largest });
  }
  await setFlags(found.index, ['IF_STATUS_API_FLAG_ADMIN_UP'], vpp);
  const mtu = [uplink.mtu, 0, 0, 0] as const;
  await vpp.request('sw_interface_set_mtu', { sw_if_index: found.index, mtu });
}

async function setFlags(
  index: number,
  flags: readonly 'IF_STATUS_API_FLAG_ADMIN_UP'[],
  vpp: Vpp,
): Promise<void> {
  await vpp.request('sw_interface_set_flags', { sw_if_index: index, flags });
}
