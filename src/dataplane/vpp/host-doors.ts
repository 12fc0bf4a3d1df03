/** What VPP's ports need of the host that VPP itself does not do. */
import type { NfvError } from '../../errors.js';
import type { Bdf } from '../../model/host/inventory.js';

export interface SocketAccess {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface HostDoors {
  readonly sockets: {
    /** @throws NfvError SOCKET_PATH_REFUSED, SOCKET_PATH_TAKEN */
    prepare(path: string, willListen: boolean): Promise<void>;
    /** Why `prepare` would be in vain; nothing is made. Undefined: nothing is known against it. */
    fault(path: string, willListen: boolean): Promise<NfvError | undefined>;
    /** Undefined: there is no socket. */
    access(path: string): Promise<SocketAccess | undefined>;
    /** @throws NfvError SOCKET_PATH_TAKEN, KERNEL_REFUSED */
    setAccess(path: string, access: SocketAccess): Promise<void>;
  };
  readonly secrets: {
    /** @throws NfvError FILE_UNREADABLE */
    read(name: string): Promise<string>;
  };
  /** The kernel's number of an interface; undefined: it has none of that name where the agent runs. */
  interfaceIndex(name: string): Promise<number | undefined>;
  /** The kernel's driver of a PCI function; empty: none; undefined: the agent sees no such function. */
  pciDriver(pci: Bdf): Promise<string | undefined>;
}
