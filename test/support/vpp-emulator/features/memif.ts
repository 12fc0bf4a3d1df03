import { existsSync, lstatSync } from 'node:fs';
import type { Feature, Handler } from '../feature.js';
import { NONE, RETVAL, type VppState } from '../state.js';
import { tellChange } from './interface.js';

interface MemifSocket {
  readonly filename: string;
  /** Interfaces on it; one less than none when it could not be opened (memif_delete_if). */
  references: number;
  isListener: boolean;
}

interface Memif {
  readonly swIfIndex: number;
  readonly id: number;
  readonly socketId: number;
  readonly isMaster: boolean;
}

export class Memifs {
  readonly sockets = new Map<number, MemifSocket>([
    [0, { filename: '/run/vpp/memif.sock', references: 0, isListener: false }],
  ]);
  readonly bySwIfIndex = new Map<number, Memif>();
}

const DEFAULT_RING = 1024;

const socketAddDel: Handler = (request, state) => {
  const { sockets } = state.memifs;
  const id = request.num('socket_id');
  const filename = request.text('socket_filename');
  const known = sockets.get(id);
  if (id === 0) request.retval(RETVAL.INVALID_ARGUMENT);
  else if (request.flag('is_add')) {
    if (filename === '') request.retval(RETVAL.INVALID_ARGUMENT);
    else if (known !== undefined && known.filename !== filename) {
      request.retval(RETVAL.ENTRY_ALREADY_EXISTS);
    } else {
      if (known === undefined) sockets.set(id, { filename, references: 0, isListener: false });
      request.reply({ socket_id: id });
    }
  } else if (known === undefined) request.retval(RETVAL.INVALID_ARGUMENT);
  else if (known.references > 0) request.retval(RETVAL.UNEXPECTED_INTF_STATE);
  else {
    sockets.delete(id);
    request.reply({ socket_id: id });
  }
};

const create: Handler = (request, state, teller) => {
  const refuse = (retval: number): void => {
    request.retval(retval, { sw_if_index: NONE });
  };
  const { memifs } = state;
  const ring = request.num('ring_size');
  const isMaster = request.num('role') === 0;
  const [id, socketId] = [request.num('id'), request.num('socket_id')];
  const socket = memifs.sockets.get(socketId);
  const same = [...memifs.bySwIfIndex.values()].filter((each) => each.socketId === socketId);
  if (((ring || DEFAULT_RING) & ((ring || DEFAULT_RING) - 1)) !== 0 || socket === undefined) {
    refuse(RETVAL.INVALID_ARGUMENT);
    return;
  }
  const isOther = socket.isListener !== isMaster || same.some((each) => each.id === id);
  if (socket.references > 0 && isOther) {
    refuse(RETVAL.SUBIF_ALREADY_EXISTS);
    return;
  }
  if (socket.references === 0) socket.isListener = isMaster;
  if (socket.isListener && socket.references === 0 && !opens(socket.filename, state)) {
    socket.references--;
    refuse(RETVAL.SYSCALL_ERROR_4);
    return;
  }
  socket.references++;
  const { swIfIndex } = state.add({
    name: `memif${socketId}/${id}`,
    devType: 'memif',
    mac: `02fe${id.toString(16).padStart(8, '0')}`,
  });
  memifs.bySwIfIndex.set(swIfIndex, { swIfIndex, id, socketId, isMaster });
  request.reply({ sw_if_index: swIfIndex });
  tellChange(state, teller, swIfIndex);
};

/** clib_socket_init: a socket that nobody listens at is replaced, and nothing else. */
function opens(path: string, { sockets }: VppState): boolean {
  if (existsSync(path) && !lstatSync(path).isSocket()) return false;
  return sockets.replace(path) !== undefined;
}

/** src/plugins/memif */
export const memif: Feature = {
  module: 'memif',
  handlers: {
    memif_socket_filename_add_del: socketAddDel,
    memif_socket_filename_add_del_v2: socketAddDel,
    memif_socket_filename_dump: (request, { memifs }) => {
      for (const [id, { filename }] of memifs.sockets) {
        request.details({ socket_id: id, socket_filename: filename });
      }
    },
    memif_create: create,
    memif_create_v2: create,
    memif_delete: (request, state, teller) => {
      const found = state.memifs.bySwIfIndex.get(request.num('sw_if_index'));
      if (found === undefined) {
        request.retval(RETVAL.INVALID_SW_IF_INDEX);
        return;
      }
      const socket = state.memifs.sockets.get(found.socketId);
      if (socket !== undefined && --socket.references === 0) {
        void state.sockets.close(socket.filename);
      }
      state.memifs.bySwIfIndex.delete(found.swIfIndex);
      state.remove(found.swIfIndex);
      request.reply();
      tellChange(state, teller, found.swIfIndex, true);
    },
    // Sizes are those that were agreed with the other end, which there is none of.
    memif_dump: (request, state) => {
      for (const each of state.memifs.bySwIfIndex.values()) {
        const { name = '', mac = '', flags = 0 } = state.interfaces.get(each.swIfIndex) ?? {};
        request.details({
          sw_if_index: each.swIfIndex,
          hw_addr: mac,
          id: each.id,
          role: each.isMaster ? 0 : 1,
          mode: 0,
          zero_copy: !each.isMaster,
          socket_id: each.socketId,
          ring_size: 1,
          buffer_size: 0,
          flags,
          if_name: name,
        });
      }
    },
  },
};
