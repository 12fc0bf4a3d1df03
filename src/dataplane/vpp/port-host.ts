/** A port on an interface of the host: VPP takes it by af_packet (plugins/af_packet). */
import { NfvError } from '../../errors.js';
import type { HostInterfacePort } from '../../model/endpoint.js';
import { portKey, type PortItem } from '../../model/item.js';
import { retvalOf } from '../../vpp-api/client/refused.js';
import { createHostInterface } from './af-packet.js';
import type { Context } from './context.js';
import { place, undoing } from './members.js';
import { tagOf } from './tag.js';
import { RETVAL, unless } from './vpp.js';

/** @throws NfvError PORT_MISSING if the host has no such interface, FOREIGN_OBJECT if VPP has it from somebody else */
export async function takeHostInterface(
  item: PortItem,
  port: HostInterfacePort,
  context: Context,
): Promise<void> {
  const tag = tagOf(portKey(item.endpoint));
  const index = await take(port.interface, tag, context);
  const { vni, adminUp: up } = item;
  const work = place(index, { tag, vni, group: 0, up }, context);
  await undoing(
    work,
    (vpp) => vpp.request('af_packet_delete', { host_if_name: port.interface }),
    context,
  );
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
              [...interfaces.values()].find((each) => each.name === `host-${name}`),
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

export async function letGo(
  { interface: name }: HostInterfacePort,
  { vpp }: Context,
): Promise<void> {
  const removal = vpp.request('af_packet_delete', { host_if_name: name });
  // What VPP says of one that it does not have (af_packet_delete_if).
  await unless(removal, RETVAL.SYSCALL_ERROR_1);
}
