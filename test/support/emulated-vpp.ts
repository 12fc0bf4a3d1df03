import { rmSync, symlinkSync } from 'node:fs';
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

let count = 0;

export class EmulatedVpp implements VppUnderTest {
  readonly #dir = tempDir();
  readonly shmPrefix = `nfvt${process.pid}-emulated-${count++}`;
  readonly emulator: VppEmulator;

  constructor(options: Partial<EmulatorOptions> = {}) {
    const path = join(this.#dir.path, 'api.sock');
    this.emulator = new VppEmulator({ path, modules: newestModules(), ...options });
  }

  get path(): string {
    return this.emulator.path;
  }

  get pid(): number {
    return this.emulator.state.pid;
  }

  async start(): Promise<void> {
    await this.emulator.start();
    this.#unlink();
    symlinkSync(this.emulator.path, this.#region);
  }

  async kill(): Promise<void> {
    await this.emulator.kill();
  }

  async remove(): Promise<void> {
    await this.kill();
    this.#unlink();
    this.#dir.remove();
  }

  stall(): void {
    this.emulator.stall();
  }

  resume(): void {
    this.emulator.resume();
  }

  /** Where the stand-in for libvppapiclient finds the socket. */
  get #region(): string {
    return `/dev/shm/${this.shmPrefix}-vpe-api`;
  }

  #unlink(): void {
    rmSync(this.#region, { force: true });
  }
}
