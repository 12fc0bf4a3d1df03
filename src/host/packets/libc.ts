/** The calls of the C library that packet sockets take (packet(7)), typed. */
import koffi, { type LibraryHandle } from 'koffi';
import { callRefused } from './call-refused.js';
import { encodeFilter, type Instruction } from './filter.js';
import { macText } from './frames.js';

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
/** All frames: those that a bridge takes are seen by nothing else at its port. */
const ETH_P_ALL = 0x0003;
const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
const POLLIN = 1;
const LINK_ADDRESS_BYTES = 20;
/** Of frames that wait for us; more are dropped. */
const RECEIVE_BUFFER = 128 * 1024;

export interface Libc {
  /** The kernel's number of an interface; 0: there is none. */
  indexOf(name: string): number;
  /** A socket that reads what a filter lets in at an interface. @throws NfvError KERNEL_REFUSED */
  listen(index: number, filter: readonly Instruction[]): number;
  /** The MAC of the interface that a socket of `listen` is at. @throws NfvError KERNEL_REFUSED */
  macOf(fd: number): string;
  /** One frame; undefined: there is none, or the interface is down or gone. */
  receive(fd: number, into: Buffer): Buffer | undefined;
  /** Sends a frame out at an interface. @throws NfvError KERNEL_REFUSED */
  send(index: number, frame: Buffer): void;
  /** @returns a descriptor that `wake` makes readable. @throws NfvError KERNEL_REFUSED */
  bell(): number;
  /** Any number of times. */
  ring(bell: number): void;
  silence(bell: number): void;
  /** Blocks until one of them is readable, or has an error, or so many milliseconds; -1: no end. */
  wait(fds: readonly number[], ms: number): ReadonlySet<number>;
  close(fd: number): void;
}

export function loadLibc(): Libc {
  const library = koffi.load(null);
  return { ...socketCalls(library), ...waitingCalls(library) };
}

type SocketCalls = Omit<Libc, 'bell' | 'ring' | 'silence' | 'wait'>;

function socketCalls(library: LibraryHandle): SocketCalls {
  const indexOf: (name: string) => number = library.func('unsigned int if_nametoindex(str name)');
  const socket: (family: number, type: number, protocol: number) => number = library.func(
    'int socket(int family, int type, int protocol)',
  );
  const ownName: (fd: number, address: Buffer, n: Buffer) => number = library.func(
    'int getsockname(int fd, void *address, void *n)',
  );
  const receive: (fd: number, into: Buffer, n: number, flags: number) => number = library.func(
    'long recv(int fd, void *into, size_t n, int flags)',
  );
  const close: (fd: number) => number = library.func('int close(int fd)');
  const attach = attaching(library);
  const send = sending(library);
  const open = (): number => {
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    return checked('socket(AF_PACKET)', socket(AF_PACKET, type, 0));
  };
  return {
    indexOf,
    close: (fd) => {
      close(fd);
    },
    listen: (index, filter) => {
      const fd = open();
      try {
        attach(fd, index, filter);
        return fd;
      } catch (error) {
        close(fd);
        throw error;
      }
    },
    macOf: (fd) => {
      const address = Buffer.alloc(LINK_ADDRESS_BYTES);
      const size = Buffer.alloc(4);
      size.writeUInt32LE(address.length);
      checked('getsockname', ownName(fd, address, size));
      return macText(address.subarray(12, 18));
    },
    receive: (fd, into) => {
      const length = receive(fd, into, into.length, 0);
      return length > 0 ? into.subarray(0, length) : undefined;
    },
    send: (index, frame) => {
      const fd = open();
      try {
        send(fd, index, frame);
      } finally {
        close(fd);
      }
    },
  };
}

/** Gives a socket its filter, then its interface: nothing arrives before it is bound. */
function attaching(
  library: LibraryHandle,
): (fd: number, index: number, filter: readonly Instruction[]) => void {
  const setOption: (fd: number, level: number, name: number, value: Buffer, n: number) => number =
    library.func('int setsockopt(int fd, int level, int name, void *value, unsigned int n)');
  const bind: (fd: number, address: Buffer, n: number) => number = library.func(
    'int bind(int fd, void *address, unsigned int n)',
  );
  return (fd, index, filter) => {
    const program = encodeFilter(filter);
    // `struct sock_fprog`.
    const head = Buffer.alloc(16);
    head.writeUInt16LE(filter.length, 0);
    head.writeBigUInt64LE(koffi.address(program), 8);
    const attached = setOption(fd, SOL_SOCKET, SO_ATTACH_FILTER, head, head.length);
    checked('setsockopt(SO_ATTACH_FILTER)', attached);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(RECEIVE_BUFFER);
    checked('setsockopt(SO_RCVBUF)', setOption(fd, SOL_SOCKET, SO_RCVBUF, size, 4));
    const address = linkAddress(index, ETH_P_ALL);
    checked(`bind to interface ${index}`, bind(fd, address, address.length));
  };
}

function sending(library: LibraryHandle): (fd: number, index: number, frame: Buffer) => void {
  const sendTo: (
    fd: number,
    from: Buffer,
    n: number,
    flags: number,
    to: Buffer,
    size: number,
  ) => number = library.func(
    'long sendto(int fd, void *from, size_t n, int flags, void *to, unsigned int size)',
  );
  return (fd, index, frame) => {
    const to = linkAddress(index, 0);
    checked(`sendto interface ${index}`, sendTo(fd, frame, frame.length, 0, to, to.length));
  };
}

function waitingCalls(library: LibraryHandle): Pick<Libc, 'bell' | 'ring' | 'silence' | 'wait'> {
  const poll: (fds: Buffer, n: number, ms: number) => number = library.func(
    'int poll(void *fds, unsigned long n, int ms)',
  );
  const eventfd: (value: number, flags: number) => number = library.func(
    'int eventfd(unsigned int value, int flags)',
  );
  const read: (fd: number, into: Buffer, n: number) => number = library.func(
    'long read(int fd, void *into, size_t n)',
  );
  const write: (fd: number, from: Buffer, n: number) => number = library.func(
    'long write(int fd, void *from, size_t n)',
  );
  const one = Buffer.alloc(8);
  one.writeBigUInt64LE(1n);
  const drained = Buffer.alloc(8);
  return {
    bell: () => checked('eventfd', eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
    ring: (bell) => {
      write(bell, one, one.length);
    },
    silence: (bell) => {
      read(bell, drained, drained.length);
    },
    wait: (fds, ms) => {
      const list = Buffer.alloc(8 * fds.length);
      for (const [i, fd] of fds.entries()) {
        list.writeInt32LE(fd, 8 * i);
        list.writeInt16LE(POLLIN, 8 * i + 4);
      }
      // Interrupted: as if nothing had come.
      if (poll(list, fds.length, ms) <= 0) return new Set();
      return new Set(fds.filter((_, i) => list.readInt16LE(8 * i + 6) !== 0));
    },
  };
}

/** @throws NfvError KERNEL_REFUSED where the result is negative */
function checked(what: string, result: number): number {
  if (result >= 0) return result;
  throw callRefused(what);
}

/** `struct sockaddr_ll`. */
function linkAddress(index: number, protocol: number): Buffer {
  const address = Buffer.alloc(LINK_ADDRESS_BYTES);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(protocol, 2);
  address.writeInt32LE(index, 4);
  return address;
}
