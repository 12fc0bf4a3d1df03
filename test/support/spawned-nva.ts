/** `nfvd nva` in a process of its own, which can be killed and started again on its data. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.js';
import { eventually } from './eventually.js';
import { tempDir } from './temp-dir.js';

const NFVD = 'dist/src/main/nfvd.js';

export class SpawnedNva {
  readonly #dir = tempDir();
  readonly #config = join(this.#dir.path, 'nva.yaml');
  readonly socket = join(this.#dir.path, 'nva.sock');
  /** For `--server`. */
  readonly target = `unix:${this.socket}`;
  #process: Child | undefined;

  static async start(): Promise<SpawnedNva> {
    const nva = new SpawnedNva();
    const listen = `listen: [{ address: "${nva.target}" }]`;
    writeFileSync(nva.#config, `dataDir: ${nva.#dir.path}/data\n${listen}\n`);
    await nva.start();
    return nva;
  }

  /** Returns when it serves. */
  async start(): Promise<void> {
    const child = new Child(process.execPath, [NFVD, 'nva', '--config', this.#config]);
    this.#process = child;
    await eventually(() => {
      if (!child.isRunning) throw new Error(`the NVA ended: ${child.out}${child.err}`);
      return child.out.includes('NVA is up');
    }, 30_000);
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
  }

  async close(): Promise<void> {
    await this.kill();
    this.#dir.remove();
  }
}
