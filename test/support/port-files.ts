/** A directory for the sockets of a test's ports, and one for their secrets; both real. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostDoors } from '../../src/dataplane/vpp/host-doors.js';
import { interfaceIndex } from '../../src/host/interface-index.js';
import { NfvError } from '../../src/errors.js';
import { Secrets } from '../../src/host/secrets.js';
import { UnixSockets } from '../../src/host/unix-sockets.js';
import { tempDir } from './temp-dir.js';

export class PortFiles {
  readonly #dir = tempDir();
  readonly sockets = join(this.#dir.path, 's');
  readonly #secrets = join(this.#dir.path, 'secrets');

  /** Numbers of interfaces where VPP runs, which the test itself does not see; undefined: there is none. */
  readonly kernelIndices = new Map<string, number | undefined>();
  /** The kernel's drivers of PCI functions. */
  readonly pciDrivers = new Map<string, string>();
  /** Sockets that the agent may not look at, as where it is not root. */
  readonly hidden = new Set<string>();

  get doors(): HostDoors {
    const sockets = new UnixSockets([this.sockets]);
    return {
      sockets: {
        prepare: (path, willListen) => sockets.prepare(path, willListen),
        fault: (path, willListen) => sockets.fault(path, willListen),
        setAccess: (path, access) => sockets.setAccess(path, access),
        access: (path) =>
          this.hidden.has(path)
            ? Promise.reject(new NfvError('KERNEL_REFUSED', `${path}: EACCES`))
            : sockets.access(path),
      },
      secrets: new Secrets(this.#secrets, 23),
      interfaceIndex: (name) =>
        this.kernelIndices.has(name)
          ? Promise.resolve(this.kernelIndices.get(name))
          : interfaceIndex(name),
      pciDriver: (pci) => Promise.resolve(this.pciDrivers.get(pci)),
    };
  }

  /** In the directory that is allowed. */
  socket(name: string): string {
    return join(this.sockets, name);
  }

  /** Outside of it. */
  outside(name: string): string {
    return join(this.#dir.path, name);
  }

  writeSecret(name: string, text: string): void {
    mkdirSync(this.#secrets, { recursive: true, mode: 0o700 });
    writeFileSync(this.secret(name), text, { mode: 0o600 });
  }

  secret(name: string): string {
    return join(this.#secrets, name);
  }

  remove(): void {
    this.#dir.remove();
  }
}
