/** What VPP's plugins tell of the ports that they have made. */
import { NfvError } from '../../../errors.js';
import type { HostDoors, SocketAccess } from '../host-doors.js';
import { secretPrint } from './secret-print.js';
import type { View } from '../view.js';
import type { PortSocket, Wants } from '../wants.js';
import { NO_INTERFACE, type Vpp } from '../vpp.js';

export async function readPorts(
  view: View,
  { secrets }: Pick<Wants, 'secrets'>,
  host: HostDoors,
  vpp: Vpp,
): Promise<void> {
  await Promise.all([
    readTaps(view, vpp),
    readHostInterfaces(view, host, vpp),
    readVhostUsers(view, host, vpp),
    readMemifs(view, vpp),
    ...[...secrets].map(async (name) => {
      view.secretPrints.set(name, await secretPrint(name, host));
    }),
  ]);
}

/**
 * Whether ports that are there can be on the sockets that they are to have instead: they keep what they have where they
 * cannot. Where VPP itself listens now there is nothing to be asked: that is another port's, which may give it up.
 */
export async function checkSockets(
  view: View,
  wanted: ReadonlyMap<string, PortSocket>,
  { sockets }: HostDoors,
): Promise<void> {
  const own = new Set(
    [...view.vhostUsers.keys(), ...view.memifs.keys()]
      .map((index) => socketAt(index, view))
      .filter((socket) => socket?.listens)
      .map((socket) => socket?.path),
  );
  for (const [tag, { path, listens }] of wanted) {
    const found = view.tagged(tag);
    const now = found && socketAt(found.index, view);
    if (found === undefined || (now?.path === path && now.listens === listens)) continue;
    const fault = await sockets.fault(path, listens && !own.has(path));
    if (fault !== undefined) view.socketFaults.set(tag, fault);
  }
}

/** The socket that an interface is on; undefined: it is on none. */
function socketAt(index: number, view: View): PortSocket | undefined {
  const guest = view.vhostUsers.get(index);
  if (guest !== undefined) return { path: guest.socket, listens: guest.isServer };
  const memif = view.memifs.get(index);
  return memif && { path: memif.socket, listens: memif.role === 'MEMIF_ROLE_API_MASTER' };
}

async function readTaps(view: View, vpp: Vpp): Promise<void> {
  if (!vpp.has('sw_interface_tap_v2_dump')) return;
  const taps = await vpp.dump('sw_interface_tap_v2_dump', { sw_if_index: NO_INTERFACE });
  for (const tap of taps) view.taps.set(tap.sw_if_index, tap);
}

async function readHostInterfaces(view: View, host: HostDoors, vpp: Vpp): Promise<void> {
  if (!vpp.has('af_packet_dump')) return;
  const found = await vpp.dump('af_packet_dump', {});
  await Promise.all(
    found.map(async ({ sw_if_index: index, host_if_name: name }) => {
      view.hostInterfaces.set(index, { name, kernelIndex: await host.interfaceIndex(name) });
    }),
  );
}

async function readVhostUsers(view: View, { sockets }: HostDoors, vpp: Vpp): Promise<void> {
  if (!vpp.has('sw_interface_vhost_user_dump')) return;
  const found = await vpp.dump('sw_interface_vhost_user_dump', { sw_if_index: NO_INTERFACE });
  await Promise.all(
    found.map(async ({ sw_if_index: index, sock_filename: socket, is_server: isServer }) => {
      const access = isServer ? await accessOr(sockets.access(socket)) : undefined;
      view.vhostUsers.set(index, { socket, isServer, access });
    }),
  );
}

/** What one socket hides is no reason to know nothing of all the others. */
async function accessOr(
  access: Promise<SocketAccess | undefined>,
): Promise<SocketAccess | NfvError | undefined> {
  try {
    return await access;
  } catch (thrown) {
    return NfvError.from(thrown);
  }
}

async function readMemifs(view: View, vpp: Vpp): Promise<void> {
  if (!vpp.has('memif_dump')) return;
  const [memifs, sockets] = await Promise.all([
    vpp.dump('memif_dump', {}),
    vpp.dump('memif_socket_filename_dump', {}),
  ]);
  const paths = new Map(sockets.map((each) => [each.socket_id, each.socket_filename]));
  for (const memif of memifs) {
    view.memifs.set(memif.sw_if_index, { ...memif, socket: paths.get(memif.socket_id) ?? '' });
  }
}
