/**
 * The functions of libvppapiclient that map the statistics segment (VPP
 * src/vpp-api/client/stat_client.h): the file descriptor comes over a socket, which Node cannot take.
 */
import koffi, { type LibraryHandle } from 'koffi';
import { NfvError } from '../../errors.js';

/** A mapping of the segment. */
export interface Mapping {
  /** VPP's memory itself, read-only: never to be touched after `release`. */
  readonly memory: ArrayBuffer;
  release(): void;
}

export type MapSegment = (socketPath: string) => Promise<Mapping>;

/** `stat_client_main_t`: epoch:u64 header:ptr directory:ptr memory_size:i64 timeout:u64 */
const HEADER_OFFSET = 8;
const SIZE_OFFSET = 24;
const MIN_BYTES = 64;

/** What `stat_segment_connect_r` answers. */
const TEXTS: Readonly<Record<number, string>> = {
  [-1]: 'no socket could be made',
  [-2]: 'nobody listens there, or this process may not connect',
  [-3]: 'no file descriptor came',
  [-4]: 'the segment has no size',
  [-5]: 'the segment cannot be mapped',
};

/** @throws NfvError VPP_LIBRARY_MISSING when it cannot be loaded or lacks a function */
export function loadStats(path: string): MapSegment {
  try {
    return bind(koffi.load(path));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new NfvError('VPP_LIBRARY_MISSING', `${path}: ${why}`, { cause });
  }
}

type Done = (error: Error | null, code: number) => void;

function bind(library: LibraryHandle): MapSegment {
  const get: () => bigint = library.func('void *stat_client_get()');
  const free: (client: bigint) => void = library.func('void stat_client_free(void *sm)');
  const connectFunc = library.func('int stat_segment_connect_r(str socket_name, void *sm)');
  // In a thread of koffi's: it waits for VPP to accept.
  const connect: (path: string, client: bigint, done: Done) => void = connectFunc.async;
  const disconnect: (client: bigint) => void = library.func(
    'void stat_segment_disconnect_r(void *sm)',
  );
  return async (socketPath) => {
    const client = get();
    const code = await new Promise<number>((resolve, reject) => {
      connect(socketPath, client, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
    if (code !== 0) {
      free(client);
      const text = TEXTS[code] ?? `error ${code}`;
      throw new NfvError('VPP_UNREACHABLE', `${socketPath}: ${text}`, {
        remedy: 'check that VPP runs and that the path is that of "statseg { socket-name PATH }"',
      });
    }
    return mapping(client, () => {
      disconnect(client);
      free(client);
    });
  };
}

function mapping(client: bigint, release: () => void): Mapping {
  const header = BigInt(koffi.decode.uint64(client + BigInt(HEADER_OFFSET)));
  const size = Number(koffi.decode.int64(client + BigInt(SIZE_OFFSET)));
  if (size < MIN_BYTES) {
    release();
    throw new NfvError('VPP_PROTOCOL', `a statistics segment of ${size} bytes`);
  }
  return { memory: koffi.view(header, size), release };
}
