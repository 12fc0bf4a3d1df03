import { existsSync } from 'node:fs';
import type { Server } from 'node:net';
import type { Feature, Handler } from '../feature.js';
import type { Request } from '../request.js';
import { Indices, NONE, RETVAL, type VppState } from '../state.js';
import { tellChange } from './interface.js';

interface VhostUser {
  readonly swIfIndex: number;
  readonly instance: number;
  socket: string;
  server: Server | undefined;
  /** What `show vhost-user` tells of its offer. */
  offer: readonly string[];
}

export class VhostUsers {
  readonly bySwIfIndex = new Map<number, VhostUser>();
  readonly instances = new Indices();

  at(socket: string): VhostUser | undefined {
    return [...this.bySwIfIndex.values()].find((each) => each.socket === socket);
  }
}

const ENOENT = 2;

function offerOf(request: Request): string[] {
  const is = (field: string): boolean => request.has(field) && request.flag(field);
  return [
    ...(is('enable_gso') ? ['gso'] : []),
    ...(is('enable_packed') ? ['packed'] : []),
    ...(is('enable_event_idx') ? ['event-idx'] : []),
    ...(is('disable_mrg_rxbuf') ? [] : ['mrg-rxbuf']),
    ...(is('disable_indirect_desc') ? [] : ['indirect-desc']),
  ];
}

const create: Handler = (request, state, teller) => {
  const socket = request.text('sock_filename');
  const there = state.vhostUsers.at(socket);
  if (socket === '' || there !== undefined) {
    const retval = socket === '' ? RETVAL.INVALID_ARGUMENT : RETVAL.IF_ALREADY_EXISTS;
    request.retval(retval, { sw_if_index: there?.swIfIndex ?? NONE });
    return;
  }
  const isServer = request.flag('is_server');
  const server = isServer ? state.sockets.replace(socket) : undefined;
  if (isServer && server === undefined) {
    request.retval(RETVAL.SYSCALL_ERROR_2, { sw_if_index: NONE });
    return;
  }
  const instance = state.vhostUsers.instances.take();
  const made = state.add({
    name: `VirtualEthernet0/0/${instance}`,
    devType: 'vhost-user',
    mac: `02fe${instance.toString(16).padStart(8, '0')}`,
  });
  made.tag = request.text('tag');
  const { swIfIndex } = made;
  const offer = offerOf(request);
  state.vhostUsers.bySwIfIndex.set(swIfIndex, { swIfIndex, instance, socket, server, offer });
  request.reply({ sw_if_index: swIfIndex });
  tellChange(state, teller, swIfIndex);
};

/** vhost_user_modify_if: the new socket is opened before the old one's file is taken away. */
const modify: Handler = (request, state, teller) => {
  const found = wanted(request, state);
  if (found === undefined) return;
  const socket = request.text('sock_filename');
  const there = state.vhostUsers.at(socket);
  if (there !== undefined && there !== found) {
    request.retval(RETVAL.IF_ALREADY_EXISTS);
    return;
  }
  const isServer = request.flag('is_server');
  const server = isServer ? state.sockets.replace(socket) : undefined;
  if (isServer && server === undefined) {
    request.retval(RETVAL.SYSCALL_ERROR_2);
    return;
  }
  close(found, state);
  Object.assign(found, { socket, server, offer: offerOf(request) });
  request.reply();
  tellChange(state, teller, found.swIfIndex);
};

function wanted(request: Request, state: VppState): VhostUser | undefined {
  const found = state.vhostUsers.bySwIfIndex.get(request.num('sw_if_index'));
  if (found === undefined) request.retval(RETVAL.INVALID_SW_IF_INDEX);
  return found;
}

function close({ socket, server }: VhostUser, state: VppState): void {
  if (server !== undefined) state.sockets.closeAndUnlink(socket, server);
}

/** src/plugins/vhost */
export const vhostUser: Feature = {
  module: 'vhost_user',
  handlers: {
    create_vhost_user_if: create,
    create_vhost_user_if_v2: create,
    modify_vhost_user_if: modify,
    modify_vhost_user_if_v2: modify,
    delete_vhost_user_if: (request, state, teller) => {
      const found = wanted(request, state);
      if (found === undefined) return;
      close(found, state);
      state.vhostUsers.bySwIfIndex.delete(found.swIfIndex);
      state.vhostUsers.instances.give(found.instance);
      state.remove(found.swIfIndex);
      request.reply();
      tellChange(state, teller, found.swIfIndex, true);
    },
    sw_interface_vhost_user_dump: (request, state) => {
      const index = request.num('sw_if_index');
      for (const each of state.vhostUsers.bySwIfIndex.values()) {
        if (index !== NONE && index !== each.swIfIndex) continue;
        const isServer = each.server !== undefined;
        request.details({
          sw_if_index: each.swIfIndex,
          interface_name: state.interfaces.get(each.swIfIndex)?.name ?? '',
          is_server: isServer,
          sock_filename: each.socket,
          sock_errno: isServer || existsSync(each.socket) ? 0 : ENOENT,
        });
      }
    },
  },
};
