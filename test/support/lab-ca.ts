/** A certificate authority of `nfvctl pki`, for tests that need certificates and what becomes of them. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pki } from '../../src/pki/authority.js';
import type { TlsFiles } from '../../src/rpc/tls-material.js';

export class LabCa {
  readonly pki: Pki;

  private constructor(
    readonly directory: string,
    now: () => number,
  ) {
    this.pki = new Pki({ directory, now });
  }

  static async create(parent: string, name = 'ca', now = Date.now, days = 3650): Promise<LabCa> {
    const ca = new LabCa(join(parent, name), now);
    await ca.pki.init({ trustDomain: 'nfv.example', days });
    return ca;
  }

  /** The CA's own files are the peers' CA and list. An NVA's is for 127.0.0.1. */
  async issue(identity: string, name = '', days = 90): Promise<TlsFiles> {
    const ips = identity === 'nva' ? ['127.0.0.1'] : [];
    const { cert, key, ca } = await this.pki.issue({ identity, name, dns: [], ips, days });
    return { ca, cert, key, crl: this.path('crl.pem') };
  }

  async revoke(which: string): Promise<void> {
    await this.pki.revoke({ which, reason: 'keyCompromise' });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }
}

/** In one step, as whoever is careful does it. */
export function putFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
