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

/** Where a process is killed: at its call with this number, done or not. */
export interface Crash {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Programs that the fake kernel answers. */
class FakePrograms implements Programs {
  readonly #stuck: StuckProgram[] = [];
  #crash: { readonly at: Crash; readonly crashed: () => void } | undefined;
  #dead = false;

  constructor(
    private readonly kernel: FakeKernel,
    private readonly clock: JumpClock,
  ) {}

  /** Resolves when it has come to that; nobody hears from these programs any more then. */
  crashAt(at: Crash): Promise<void> {
    return new Promise((crashed) => {
      this.#crash = { at, crashed };
    });
  }

  stuck(): readonly StuckProgram[] {
    return this.#stuck;
  }

  async run(name: string, args: readonly string[], options: RunOptions): Promise<Ran> {
    // As a process would, it answers in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    options.signal.throwIfAborted();
    const before = this.kernel.log.length;
    const due = this.#crash?.at.call === before ? this.#crash : undefined;
    if (due?.at.when === 'before' && this.kernel.changes(name, args)) await this.#die(due.crashed);
    if (this.#dead) await forever();
    const outcome = this.kernel.call(name, args, options.input ?? '');
    if (due?.at.when === 'after' && this.kernel.log.length > before) await this.#die(due.crashed);
    if (outcome !== undefined) return outcome;
    return this.#hang([name, ...args].join(' '), options.deadlineMs);
  }

  #die(crashed: () => void): Promise<never> {
    this.#dead = true;
    crashed();
    return forever();
  }

  #hang(command: string, deadlineMs: number): never {
    this.clock.jump(deadlineMs);
    const stuck = { pid: 99_000 + this.#stuck.length, command, waitsIn: 'fake_wait' };
    this.#stuck.push(stuck);
    void this.kernel.onceFree().then(() => this.#stuck.splice(this.#stuck.indexOf(stuck), 1));
    throw new NfvError('COMMAND_TIMEOUT', `${command}: no end after ${deadlineMs} ms`, {
      metadata: { command, pid: String(stuck.pid), waitsIn: 'fake_wait' },
    });
  }
}

function forever(): Promise<never> {
  return new Promise(() => undefined);
}

export class FakeHost {
  readonly clock = new JumpClock();
  readonly kernel: FakeKernel;
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'nfvt-'));
  #programs: FakePrograms;
  #doors: HostDoors;

  constructor(state: FakeState) {
    this.kernel = new FakeKernel(join(this.#directory, 'root'), state, this.clock);
    ({ programs: this.#programs, doors: this.#doors } = this.#open());
  }

  #open(): { programs: FakePrograms; doors: HostDoors } {
    const programs = new FakePrograms(this.kernel, this.clock);
    const files = new KernelFiles(this.kernel.root, programs);
    const writer = new ProcessSysfsWriter(files, programs);
    return { programs, doors: { files, programs, writer, timers: this.clock } };
  }

  get doors(): HostDoors {
    return this.#doors;
  }

  /** Where the product may keep its state. */
  get stateDir(): string {
    return join(this.#directory, 'state');
  }

  crashAt(at: Crash): Promise<void> {
    return this.#programs.crashAt(at);
  }

  /** Doors for the next process, after a crash. */
  restart(): void {
    ({ programs: this.#programs, doors: this.#doors } = this.#open());
  }

  inventory(): Promise<Inventory> {
    const options = { nva: [], vppPrefix: '/usr', services: ['vpp'] };
    return readInventory(this.doors, options, this.signal);
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
