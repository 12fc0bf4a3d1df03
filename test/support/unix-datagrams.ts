/** A unix socket that takes datagrams, as VPP's punt socket is one; Node has none. */
import koffi from 'koffi';

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;

export class DatagramListener {
  readonly #fd: number;
  readonly #receive: (fd: number, into: Buffer, n: number, flags: number) => number;
  readonly #close: (fd: number) => number;

  constructor(path: string) {
    const library = koffi.load(null);
    const socket: (family: number, type: number, protocol: number) => number = library.func(
      'int socket(int family, int type, int protocol)',
    );
    const bind: (fd: number, address: Buffer, n: number) => number = library.func(
      'int bind(int fd, void *address, unsigned int n)',
    );
    this.#receive = library.func('long recv(int fd, void *into, size_t n, int flags)');
    this.#close = library.func('int close(int fd)');
    this.#fd = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0);
    const address = Buffer.alloc(110);
    address.writeUInt16LE(AF_UNIX, 0);
    address.write(path, 2);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`cannot bind ${path}`);
  }

  /** Undefined: none waits. */
  next(): Buffer | undefined {
    const into = Buffer.alloc(2048);
    const length = this.#receive(this.#fd, into, into.length, 0);
    return length < 0 ? undefined : into.subarray(0, length);
  }

  close(): void {
    this.#close(this.#fd);
  }
}
