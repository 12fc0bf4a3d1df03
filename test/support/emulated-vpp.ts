import { join } from 'node:path';
import { tempDir } from './temp-dir.js';
import { VppEmulator, type EmulatorOptions } from './vpp-emulator/emulator.js';
import { vppReleases } from './vpp-releases.js';
import type { VppUnderTest } from './vpp-under-test.js';

/** The newest release that is known. */
let newest: readonly unknown[] | undefined;

export function newestModules(): readonly unknown[] {
  newest ??= vppReleases().at(-1)?.modules ?? [];
  return newest;
}

export class EmulatedVpp implements VppUnderTest {
  readonly #dir = tempDir();
  readonly emulator: VppEmulator;

  constructor(options: Partial<EmulatorOptions> = {}) {
    const path = join(this.#dir.path, 'api.sock');
    this.emulator = new VppEmulator({ path, modules: newestModules(), ...options });
  }

  get path(): string {
    return this.emulator.path;
  }

  /** The stand-in for libvppapiclient takes the socket's path. */
  get shmPrefix(): string {
    return this.emulator.path;
  }

  get pid(): number {
    return this.emulator.state.pid;
  }

  async start(): Promise<void> {
    await this.emulator.start();
  }

  async kill(): Promise<void> {
    await this.emulator.kill();
  }

  async remove(): Promise<void> {
    await this.kill();
    this.#dir.remove();
  }

  stall(): void {
    this.emulator.stall();
  }

  resume(): void {
    this.emulator.resume();
  }
}
