/** DPDK's testpmd as a virtual machine: a virtio-user port at a vhost-user socket, which answers pings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { Child } from './child.js';
import { eventually } from './eventually.js';
import { exec } from './netns.js';
import { skip } from './skip.js';

export interface TestpmdOptions {
  readonly socket: string;
  /** It listens at the socket; else it connects to it. */
  readonly isServer: boolean;
  readonly mac: string;
  /** More of the device's arguments. */
  readonly more?: string;
}

/** Skips where it cannot run. */
export async function needTestpmd(context: Context): Promise<void> {
  const { code } = await exec('dpdk-testpmd', ['--version']);
  // It knows no such option, and says so once it runs.
  if (code === -1) skip(context, 'no dpdk-testpmd here: apt-get install dpdk-dev');
}

/** Without hugepages: its memory is one file, which VPP maps. */
export class Testpmd {
  private constructor(
    private readonly child: Child,
    private readonly directory: string,
  ) {}

  static start({ socket, isServer, mac, more = '' }: TestpmdOptions): Testpmd {
    const directory = mkdtempSync(join(tmpdir(), 'nfvt-dpdk-'));
    const device = `net_virtio_user0,path=${socket},server=${isServer ? 1 : 0},mac=${mac}${more}`;
    const memory = ['--no-huge', '-m', '256', '--single-file-segments'];
    const environment = ['-l', '0,1', '--no-pci', '--no-telemetry', ...memory];
    const child = new Child(
      'dpdk-testpmd',
      [
        ...environment,
        ...['--file-prefix', 'nfvt', '--vdev', device],
        ...['--', '-i', '--forward-mode=icmpecho', '--auto-start', '--total-num-mbufs=2048'],
      ],
      // It ends when there is nothing more to read.
      { staysOpen: true, env: { RUNTIME_DIRECTORY: directory } },
    );
    return new Testpmd(child, directory);
  }

  /** Its port is made; as a server it waits for VPP before that. */
  async ready(): Promise<void> {
    await eventually(() => {
      if (this.child.isRunning) return this.child.out.includes('Checking link statuses');
      throw new Error(`testpmd ended: ${this.child.err}${this.child.out}`);
    }, 20_000);
  }

  /** As a guest whose driver begins anew: it kicks its queues, which it does not when VPP comes back. */
  restartPort(): void {
    this.child.type('stop\nport stop all\nport start all\nstart\n');
  }

  async close(): Promise<void> {
    if (this.child.isRunning) await this.child.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
