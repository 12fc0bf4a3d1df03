/** A throw-away guest that runs one command and ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cache } from './cache.js';
import { makeInitrd, type Job } from './initrd.js';
import { qemuArguments, type Accelerator, type Machine } from './machine.js';

const BOOT_MS = 90_000;
const BOOTS = 3;
const LOOK_MS = 100;

export interface GuestOptions {
  readonly accelerator: Accelerator;
  readonly hasIommu: boolean;
  readonly job: Job;
  /** An image that holds what outlives the guest. */
  readonly disk: string;
  /** How long the job may take, in milliseconds. */
  readonly limitMs: number;
  /** Gets what the job prints. */
  readonly print: (text: string) => void;
  readonly boots?: number;
  readonly bootMs?: number;
}

export type GuestEnd =
  | { readonly kind: 'ended'; readonly status: number; readonly report: string }
  /** It came up, and then no status came out. */
  | { readonly kind: 'failed'; readonly reason: string; readonly console: string }
  | { readonly kind: 'no-boot'; readonly reason: string; readonly console: string };

/**
 * Boots it, again if it does not come up in time: before it is up nothing of the job was done.
 * Whatever happens, QEMU has ended when this returns.
 */
export async function runGuest(cache: Cache, options: GuestOptions): Promise<GuestEnd> {
  const { boots = BOOTS } = options;
  for (let boot = 1; ; boot++) {
    const end = await runOnce(cache, options);
    if (end.kind !== 'no-boot' || boot === boots) return end;
    process.stderr.write(`lab: ${end.reason} (boot ${boot} of ${boots})\n`);
  }
}

async function runOnce(cache: Cache, options: GuestOptions): Promise<GuestEnd> {
  const dir = mkdtempSync(join(tmpdir(), 'nfvt-lab-'));
  const clean = (): void => {
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', clean);
  try {
    const machine: Machine = {
      ...options,
      initrd: await makeInitrd(cache, dir, options.job),
      console: join(dir, 'console'),
      report: join(dir, 'report'),
      status: join(dir, 'status'),
    };
    for (const file of [machine.console, machine.report, machine.status]) writeFileSync(file, '');
    return await watch(startQemu(cache, machine), machine, options);
  } finally {
    process.off('exit', clean);
    clean();
  }
}

function startQemu(cache: Cache, machine: Machine): ChildProcess {
  const args = qemuArguments(cache, machine);
  const [command, words] = cache.command('usr/bin/qemu-system-x86_64', 'qemu', ...args);
  const modules = join(cache.tools, 'usr/lib/x86_64-linux-gnu/qemu');
  const env = { ...process.env, QEMU_MODULE_DIR: modules };
  // The end of its stdin would be the end of the port that carries its stdout.
  return spawn(command, words, { stdio: 'pipe', env });
}

async function watch(
  qemu: ChildProcess,
  machine: Machine,
  { limitMs, bootMs = BOOT_MS, print }: GuestOptions,
): Promise<GuestEnd> {
  let complaint = '';
  qemu.stdout?.setEncoding('utf8').on('data', print);
  qemu.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const ended = once(qemu, 'close');
  const kill = (): void => {
    qemu.kill('SIGKILL');
  };
  process.once('exit', kill);
  const isUp = (): boolean => read(machine.console).includes('nfvd-lab: ready');
  try {
    const up = await within(bootMs, ended, isUp);
    // The one that ended at once may have done all of its job before it was looked at.
    if (up !== 'timeout' && isUp()) {
      const done = await within(limitMs, ended, () => false);
      const status = read(machine.status).trim();
      if (status !== '')
        return { kind: 'ended', status: Number(status), report: read(machine.report) };
      const reason =
        done === 'timeout'
          ? `the job took longer than ${limitMs / 1000} s`
          : 'the guest broke down';
      return { kind: 'failed', reason, console: tail(machine.console) };
    }
    const why = complaint.trim() === '' ? 'it ended early' : complaint.trim();
    const reason = up === 'timeout' ? `the guest was not up after ${bootMs / 1000} s` : why;
    return { kind: 'no-boot', reason, console: tail(machine.console) };
  } finally {
    process.off('exit', kill);
    kill();
    await ended;
  }
}

async function within(
  limitMs: number,
  ended: Promise<unknown>,
  isDone: () => boolean,
): Promise<'done' | 'ended' | 'timeout'> {
  const end = performance.now() + limitMs;
  const gone = ended.then(() => 'ended' as const);
  while (!isDone()) {
    const look = sleep(LOOK_MS, 'look' as const);
    // What is not there yet may have come with its end.
    if ((await Promise.race([look, gone])) === 'ended') return 'ended';
    if (performance.now() > end) return 'timeout';
  }
  return 'done';
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function tail(file: string): string {
  return read(file).split('\n').slice(-25).join('\n');
}
