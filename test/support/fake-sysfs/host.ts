/** A host with a fake kernel, and the doors to it within the test's own process. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NfvError } from '../../../src/errors.js';
import type { HostDoors } from '../../../src/host/doors.js';
import type { Programs, Ran, RunOptions, StuckProgram } from '../../../src/host/program.js';
import { KernelFiles } from '../../../src/host/sysfs.js';
import { ProcessSysfsWriter } from '../../../src/host/sysfs-writer.js';
import { readInventory } from '../../../src/nve/host/read-inventory.js';
import type { Inventory } from '../../../src/model/host/inventory.js';
import { JumpClock } from '../jump-clock.js';
import { FakeKernel } from './kernel.js';
import type { FakeState } from './state.js';

/** Programs that the fake kernel answers. */
class FakePrograms implements Programs {
  readonly #stuck: StuckProgram[] = [];

  constructor(
    private readonly kernel: FakeKernel,
    private readonly clock: JumpClock,
  ) {}

  stuck(): readonly StuckProgram[] {
    return this.#stuck;
  }

  async run(name: string, args: readonly string[], options: RunOptions): Promise<Ran> {
    // As a process would, it answers in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal.throwIfAborted();
    const outcome = this.kernel.call(name, args, options.input ?? '');
    if (outcome !== undefined) return outcome;
    this.clock.jump(options.deadlineMs);
    const command = [name, ...args].join(' ');
    const stuck = { pid: 99_000 + this.#stuck.length, command, waitsIn: 'fake_wait' };
    this.#stuck.push(stuck);
    void this.kernel.onceFree().then(() => this.#stuck.splice(this.#stuck.indexOf(stuck), 1));
    throw new NfvError('COMMAND_TIMEOUT', `${command}: no end after ${options.deadlineMs} ms`, {
      metadata: { command, pid: String(stuck.pid), waitsIn: 'fake_wait' },
    });
  }
}

export class FakeHost {
  readonly clock = new JumpClock();
  readonly kernel: FakeKernel;
  readonly doors: HostDoors;
  readonly #directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'nfvt-'));
  readonly signal: AbortSignal = new AbortController().signal;

  constructor(state: FakeState) {
    this.kernel = new FakeKernel(this.#directory, state, this.clock);
    const programs = new FakePrograms(this.kernel, this.clock);
    const files = new KernelFiles(this.#directory, programs);
    const writer = new ProcessSysfsWriter(files, programs);
    this.doors = { files, programs, writer, timers: this.clock };
  }

  inventory(): Promise<Inventory> {
    return readInventory(
      this.doors,
      { nva: [], vppPrefix: '/usr', services: ['vpp'] },
      this.signal,
    );
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
