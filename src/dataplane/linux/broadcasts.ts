import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NfvError } from '../../errors.js';
import type { Door } from './door.js';

/**
 * Whether a port of a bridge floods broadcasts. iproute2 can say so since 5.18 only; with an older
 * one (Ubuntu 22.04's) it goes through sysfs, which must then be that of our network namespace.
 */
export class Broadcasts {
  #told = true;

  constructor(private readonly sysfs: string) {}

  /** @throws NfvError KERNEL_REFUSED */
  async set(device: string, flood: boolean, ip: Door): Promise<void> {
    if (this.#told) {
      const words = ['type', 'bridge_slave', 'bcast_flood', flood ? 'on' : 'off'];
      try {
        await ip.run('link', 'set', 'dev', device, ...words);
        return;
      } catch (error) {
        if (!(error instanceof NfvError) || !error.message.includes('unknown option')) throw error;
        this.#told = false;
      }
    }
    const path = join(this.sysfs, 'class/net', device, 'brport/broadcast_flood');
    try {
      await writeFile(path, flood ? '1' : '0', { flag: 'r+' });
    } catch (cause) {
      throw new NfvError('KERNEL_REFUSED', `cannot write to ${path}: ${String(cause)}`, { cause });
    }
  }
}
