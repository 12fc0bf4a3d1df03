/** Datagrams to a unix socket (unix(7)), which Node cannot send. */
import koffi from 'koffi';
import { constants } from 'node:os';
import { NfvError } from '../../errors.js';
import { callRefused } from './call-refused.js';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** `struct sockaddr_un`: the family, and a path with a 0 at its end. */
const ADDRESS_BYTES = 110;

export interface Datagrams {
  /** A socket for whoever listens at the path now, and nobody after it. @throws NfvError KERNEL_REFUSED */
  connect(path: string): number;
  /** @returns false: whoever listens has too many to read already. @throws NfvError KERNEL_REFUSED */
  send(fd: number, bytes: Buffer): boolean;
  close(fd: number): void;
}

export function loadDatagrams(): Datagrams {
  const library = koffi.load(null);
  const socket: (family: number, type: number, protocol: number) => number = library.func(
    'int socket(int family, int type, int protocol)',
  );
  const connect: (fd: number, address: Buffer, n: number) => number = library.func(
    'int connect(int fd, void *address, unsigned int n)',
  );
  const send: (fd: number, from: Buffer, n: number, flags: number) => number = library.func(
    'long send(int fd, void *from, size_t n, int flags)',
  );
  const close: (fd: number) => number = library.func('int close(int fd)');
  return {
    connect: (path) => {
      const fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      if (fd < 0) throw callRefused('socket(AF_UNIX)');
      const address = addressOf(path);
      if (connect(fd, address, address.length) === 0) return fd;
      const error = callRefused(path);
      close(fd);
      throw error;
    },
    send: (fd, bytes) => {
      if (send(fd, bytes, bytes.length, MSG_NOSIGNAL) >= 0) return true;
      if (koffi.errno() === constants.errno.EAGAIN) return false;
      throw callRefused('send');
    },
    close: (fd) => {
      close(fd);
    },
  };
}

function addressOf(path: string): Buffer {
  const address = Buffer.alloc(ADDRESS_BYTES);
  address.writeUInt16LE(AF_UNIX, 0);
  const bytes = Buffer.from(path);
  if (bytes.length > ADDRESS_BYTES - 3) {
    throw new NfvError('KERNEL_REFUSED', `${path}: too long for a unix socket`);
  }
  bytes.copy(address, 2);
  return address;
}
