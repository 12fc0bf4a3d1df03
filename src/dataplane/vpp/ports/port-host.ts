/**
 * A port on an interface of the host: VPP takes it by af_packet (plugins/af_packet). VPP keeps to an
 * interface that is deleted, and does not tell: the tag attests the kernel's number of the one it took.
 */
import { NfvError } from '../../../errors.js';
import type { HostInterfacePort } from '../../../model/endpoint.js';
import { portKey, type PortItem } from '../../../model/item.js';
import { retvalOf } from '../../../vpp-api/client/refused.js';
import {
  attestedIndex,
  createHostInterface,
  hostInterfaceName,
  isOnKernelIndex,
} from '../uplink/af-packet.js';
import type { Context } from '../context.js';
import { attach, place } from '../members.js';
import { somebodyElses } from '../orphans.js';
import { interfaceOfVpp, type PortKind } from './port-kind.js';
import { tagOf } from '../tag.js';
import { undoing } from '../undoing.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

/** Stands for the name of an interface that is not there any more. */
const GONE = '';

export const hostInterfacePort: PortKind<HostInterfacePort> = {
  // In VPP it has a name by which another port could have it.
  claims: ({ interface: name }) => [`interface ${name}`, interfaceOfVpp(hostInterfaceName(name))],

  observe(found, _wanted, view) {
    const taken = view.hostInterfaces.get(found.index);
    if (taken === undefined) return undefined;
    const name = isOnKernelIndex(found.tag, taken.kernelIndex) ? taken.name : GONE;
    return { spec: { kind: 'host_interface', interface: name } };
  },

  create: takeHostInterface,

  async update(index, { vni, adminUp: up }, _ports, context) {
    await attach(index, { vni, group: 0, up }, context);
  },

  async remove(index, { interface: name }, { vpp }) {
    const taken = name === GONE ? await nameAt(index, vpp) : name;
    if (taken !== undefined) await letGo(taken, vpp);
  },
};

async function nameAt(index: number, vpp: Vpp): Promise<string | undefined> {
  const all = await vpp.dump('af_packet_dump', {});
  return all.find((each) => each.sw_if_index === index)?.host_if_name;
}

/**
 * @throws NfvError HOST_INTERFACE_MISSING if the host has no such interface, FOREIGN_OBJECT if VPP has it
 * from somebody else, or for an uplink
 */
async function takeHostInterface(
  item: PortItem,
  port: HostInterfacePort,
  context: Context,
): Promise<void> {
  const { vpp, uplinks, host } = context;
  const name = hostInterfaceName(port.interface);
  if (uplinks.has(name)) throw somebodyElses(undefined, `${port.interface}, an uplink,`);
  const tag = tagOf(portKey(item.endpoint));
  // Before it is taken: if it is made anew meanwhile, that shows.
  const attested = attestedIndex(await host.interfaceIndex(port.interface));
  const index = await take(port.interface, tag, context);
  const { vni, adminUp: up } = item;
  const work = place(index, { tag, attested, vni, group: 0, up }, context);
  await undoing(work, () => letGo(port.interface, vpp.lasting), context);
}

async function take(name: string, tag: string, { vpp, orphans }: Context): Promise<number> {
  try {
    return await createHostInterface(name, vpp);
  } catch (error) {
    switch (retvalOf(error)) {
      case RETVAL.IF_ALREADY_EXISTS:
        return await orphans.take(
          {
            what: `VPP's interface on ${name}`,
            tag,
            comesUp: false,
            find: ({ interfaces }) =>
              [...interfaces.values()].find((each) => each.name === hostInterfaceName(name)),
          },
          vpp,
        );
      case RETVAL.SYSCALL_ERROR_1:
      case RETVAL.INVALID_INTERFACE:
        throw new NfvError('HOST_INTERFACE_MISSING', `VPP cannot open ${name} of the host`, {
          cause: error,
          metadata: { interface: name },
        });
      default:
        throw error;
    }
  }
}

async function letGo(name: string, vpp: Vpp): Promise<void> {
  const removal = vpp.request('af_packet_delete', { host_if_name: name });
  // What VPP says of one that it does not have (af_packet_delete_if).
  await unless(removal, RETVAL.SYSCALL_ERROR_1);
}
