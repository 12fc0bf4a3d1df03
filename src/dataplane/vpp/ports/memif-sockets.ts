/**
 * Memif interfaces and the sockets that they are on. VPP knows a socket by a number, which is ours if it is
 * the one that follows from the path; several interfaces may be on one. One change at a time: what is found
 * is so until it is used.
 */
import { createHash } from 'node:crypto';
import { NfvError } from '../../../errors.js';
import type { MemifPort } from '../../../model/vpp-ports.js';
import type { DetailsOf } from '../../../vpp-api/product-types.js';
import type { HostDoors } from '../host-doors.js';
import { somebodyElses, type Orphans } from '../orphans.js';
import { attesting, bareTag } from '../tag.js';
import { RETVAL, unless, type Vpp } from '../vpp.js';

export interface MemifWish {
  readonly spec: MemifPort;
  /** Empty: none. */
  readonly secret: string;
  readonly tag: string;
  /** What its tag will attest. */
  readonly attested: string;
}

interface Means {
  readonly vpp: Vpp;
  readonly host: HostDoors;
  readonly orphans: Orphans;
}

type Memif = DetailsOf<'memif_dump'>;

/** Far from those that people count by, and below those that `show memif` takes for negative. */
const FIRST_ID = 0x4000_0000;
const IDS = 0x4000_0000;

export class MemifSockets {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @returns the index of the interface, of which nothing but the tag may be ours yet
   * @throws NfvError SOCKET_PATH_REFUSED, SOCKET_PATH_TAKEN, FOREIGN_OBJECT, VPP_REFUSED
   */
  create(wish: MemifWish, means: Means): Promise<number> {
    return this.#inTurn(() => create(wish, means));
  }

  /** The last one on a socket takes that with it. */
  remove(index: number, socket: string, vpp: Vpp): Promise<void> {
    return this.#inTurn(() => remove(index, socket, vpp));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    // Whoever waits for it hears of its failure; the next one only waits.
    this.#last = done.catch(() => undefined);
    return done;
  }
}

/** The number of a socket of ours. */
export function socketIdOf(path: string): number {
  const hash = createHash('sha256').update(path).digest().readUInt32BE(0);
  return FIRST_ID + (hash % IDS);
}

async function create(wish: MemifWish, means: Means): Promise<number> {
  const { spec } = wish;
  const { vpp } = means;
  const socketId = socketIdOf(spec.socket);
  const { isKnown, users } = await onSocket(socketId, spec.socket, vpp);
  const same = users.find(({ id }) => id === spec.id);
  const taken = same && (await take(same, wish, means));
  if (taken !== undefined) return taken;
  const others = users.filter((each) => each !== same);
  const wrong = others.find(({ role }) => role !== roleOf(spec));
  if (wrong !== undefined) throw otherRole(spec, wrong);
  // One that nobody uses may be what VPP left of a socket that it could not open.
  if (isKnown && others.length === 0) await forgetSocket(socketId, vpp);
  await means.host.sockets.prepare(spec.socket, spec.role === 'MASTER' && others.length === 0);
  if (others.length === 0) await nameSocket(socketId, spec.socket, vpp);
  try {
    return await make(socketId, wish, vpp);
  } catch (error) {
    if (others.length === 0) await forgetSocket(socketId, vpp.lasting);
    throw error;
  }
}

async function remove(index: number, socket: string, vpp: Vpp): Promise<void> {
  const removal = vpp.request('memif_delete', { sw_if_index: index });
  await unless(removal, RETVAL.INVALID_SW_IF_INDEX);
  if (socket === '') return;
  const socketId = socketIdOf(socket);
  const { isKnown, users } = await onSocket(socketId, socket, vpp);
  if (isKnown && users.length === 0) await forgetSocket(socketId, vpp);
}

/** @throws NfvError FOREIGN_OBJECT: the number is that of another socket */
async function onSocket(
  socketId: number,
  path: string,
  vpp: Vpp,
): Promise<{ readonly isKnown: boolean; readonly users: readonly Memif[] }> {
  const [sockets, memifs] = await Promise.all([
    vpp.dump('memif_socket_filename_dump', {}),
    vpp.dump('memif_dump', {}),
  ]);
  const known = sockets.find((each) => each.socket_id === socketId);
  if (known !== undefined && known.socket_filename !== path) {
    const text = `the memif socket ${socketId}, ${known.socket_filename}, is somebody else's`;
    throw new NfvError('FOREIGN_OBJECT', text, { metadata: { socketId: String(socketId) } });
  }
  const users = memifs.filter((each) => each.socket_id === socketId);
  return { isKnown: known !== undefined, users };
}

/**
 * An interface with the number that is wanted, on a socket of ours: if it is as it is wanted it is taken, if it
 * is ours otherwise, or has no name yet, it is deleted.
 * @throws NfvError FOREIGN_OBJECT
 */
async function take(
  { sw_if_index: index }: Memif,
  { spec, tag, attested }: MemifWish,
  { vpp, orphans }: Means,
): Promise<number | undefined> {
  const { interfaces, used } = await orphans.seen(vpp);
  const found = interfaces.get(index);
  if (found?.tag === attesting(tag, attested)) return index;
  const isOurs = found !== undefined && bareTag(found.tag) === tag;
  const isNew = found?.tag === '' && !found.up && !used.has(index);
  if (!isOurs && !isNew) throw somebodyElses(found, `memif ${spec.id} of ${spec.socket}`);
  await unless(vpp.request('memif_delete', { sw_if_index: index }), RETVAL.INVALID_SW_IF_INDEX);
  return undefined;
}

async function make(socketId: number, { spec, secret }: MemifWish, vpp: Vpp): Promise<number> {
  const fields = {
    role: roleOf(spec),
    mode: 'MEMIF_MODE_API_ETHERNET',
    rx_queues: 1,
    tx_queues: 1,
    id: spec.id,
    socket_id: socketId,
    ring_size: spec.ringSize,
    buffer_size: spec.bufferSize,
    no_zero_copy: false,
    hw_addr: '00:00:00:00:00:00',
    secret,
  } as const;
  const { sw_if_index: index } = vpp.has('memif_create_v2')
    ? await vpp.request('memif_create_v2', { ...fields, use_dma: false })
    : await vpp.request('memif_create', fields);
  return index;
}

async function nameSocket(id: number, path: string, vpp: Vpp): Promise<void> {
  const fields = { is_add: true, socket_id: id, socket_filename: path };
  if (vpp.has('memif_socket_filename_add_del_v2')) {
    await vpp.request('memif_socket_filename_add_del_v2', fields);
  } else await vpp.request('memif_socket_filename_add_del', fields);
}

async function forgetSocket(id: number, vpp: Vpp): Promise<void> {
  const fields = { is_add: false, socket_id: id, socket_filename: '' };
  const removal = vpp.has('memif_socket_filename_add_del_v2')
    ? vpp.request('memif_socket_filename_add_del_v2', fields)
    : vpp.request('memif_socket_filename_add_del', fields);
  // It is not there; somebody else has an interface on it.
  await unless(removal, RETVAL.INVALID_ARGUMENT, RETVAL.UNEXPECTED_INTF_STATE);
}

function roleOf({ role }: MemifPort): 'MEMIF_ROLE_API_MASTER' | 'MEMIF_ROLE_API_SLAVE' {
  return role === 'MASTER' ? 'MEMIF_ROLE_API_MASTER' : 'MEMIF_ROLE_API_SLAVE';
}

function otherRole({ socket, role }: MemifPort, { if_name: name }: Memif): NfvError {
  const text = `${name} has the other role on ${socket}, which all its memifs share`;
  return new NfvError('SOCKET_PATH_TAKEN', text, {
    metadata: { path: socket, interface: name },
    remedy: `make it ${role === 'MASTER' ? 'a slave' : 'a master'} too, or give it another socket`,
  });
}
