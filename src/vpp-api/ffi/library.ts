/**
 * The functions of libvppapiclient (VPP src/vpp-api/client/vppapiclient.h), typed. They block, keep
 * one connection in static memory, and print to stderr as they like.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { NfvError } from '../../errors.js';

/** `vac_errno_t`, and what `vl_client_api_map` adds. */
const VAC_TEXTS: Readonly<Record<number, string>> = {
  [-1]: 'the connection was refused, or nobody answered in 10 s',
  [-2]: "VPP's shared memory is not there",
  [-3]: 'not connected',
  [-4]: 'the shared memory is not ready',
  [-5]: 'nothing came in time',
};

export const VAC_TIMEOUT = -5;

export function vacText(code: number): string {
  return VAC_TEXTS[code] ?? `error ${code}`;
}

/** What `read` found; the memory is VPP's until `free`. */
export interface Received {
  readonly address: bigint;
  readonly length: number;
}

export interface Vac {
  /** @returns 0, or an error of `vacText` */
  connect(name: string, shmPrefix: string | null, queueLength: number): number;
  disconnect(): number;
  /** Blocks for `seconds` at most. @returns a message, or an error of `vacText` */
  read(seconds: number): Received | number;
  /** Copies `length` bytes at `offset`; the second field becomes our client index. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  free(message: bigint): void;
  /** @returns the id of `name_crc`; undefined: VPP does not have it */
  messageId(key: string): number | undefined;
}

/** Bytes of the library's own heap, reserved and not touched until needed. */
const HEAP_BYTES = 64 * 1024 * 1024;
const UNKNOWN_IDS = new Set([-1, 0xffff]);

/**
 * Loads the library and gives it its heap, once in a process whatever the number of calls.
 * @throws NfvError VPP_LIBRARY_MISSING when it cannot be loaded or lacks a function
 */
export function loadVac(path: string): Vac {
  try {
    return bind(koffi.load(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NfvError('VPP_LIBRARY_MISSING', `${path}: ${why}`, { cause });
  }
}

function bind(library: LibraryHandle): Vac {
  const memInit: (bytes: number) => void = library.func('void vac_mem_init(size_t size)');
  const connect: (name: string, prefix: string | null, cb: null, length: number) => number =
    library.func('int vac_connect(str name, str chroot_prefix, void *cb, int rx_qlen)');
  const disconnect: () => number = library.func('int vac_disconnect()');
  const read: (data: BigUint64Array, length: Int32Array, seconds: number) => number = library.func(
    'int vac_read(void *data, void *l, unsigned short timeout)',
  );
  const write: (data: Uint8Array, length: number) => number = library.func(
    'int vac_write(void *data, int len)',
  );
  const free: (message: bigint) => void = library.func('void vac_free(void *msg)');
  const getMsgIndex: (name: string) => number = library.func('int vac_get_msg_index(str name)');

  memInit(HEAP_BYTES);
  const data = new BigUint64Array(1);
  const length = new Int32Array(1);
  return {
    connect: (name, shmPrefix, queueLength) => connect(name, shmPrefix, null, queueLength),
    disconnect,
    read: (seconds) => {
      const code = read(data, length, seconds);
      return code === 0 ? { address: data[0] ?? 0n, length: length[0] ?? 0 } : code;
    },
    write: (bytes, offset, count) => write(bytes.subarray(offset, offset + count), count),
    free,
    messageId: (key) => {
      const id = getMsgIndex(key);
      return UNKNOWN_IDS.has(id) ? undefined : id;
    },
  };
}

/** Copies memory that is not JavaScript's own. */
export interface Copier {
  copy(target: bigint, source: bigint, bytes: number): void;
  addressOf(memory: Uint8Array): bigint;
}

export function loadCopier(): Copier {
  const copy: (target: bigint, source: bigint, bytes: number) => bigint = koffi
    .load(null)
    .func('void *memcpy(void *dest, void *src, size_t n)');
  return { copy, addressOf: (memory) => koffi.address(memory) };
}
