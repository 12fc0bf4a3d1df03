/** The VPP that is measured: a real one if there is one, else the emulator in a process of its own. */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NfvError } from '../src/errors.js';
import { systemClock } from '../src/model/clock.js';
import { FfiTransport } from '../src/vpp-api/transport/ffi.js';
import { SocketTransport } from '../src/vpp-api/transport/socket.js';
import type { Transport } from '../src/vpp-api/transport/transport.js';
import { findVpp, libraryOf, RealVpp, type VppInstallation } from '../test/support/real-vpp.js';

const EMULATOR = fileURLToPath(new URL('vpp-emulator-worker.js', import.meta.url));
const CLIENT = { clientName: 'bench', timers: systemClock };

export interface Target {
  readonly kind: 'VPP' | 'emulator';
  /** Its API socket. */
  readonly path: string;
  /** Ways to it, by name. */
  readonly transports: Readonly<Record<string, Transport>>;
  readonly pid: number;
  stop(): Promise<void>;
}

/** @param tell is told what is missing, and what that means */
export async function startTarget(tell: (reason: string) => void): Promise<Target> {
  const found = findVpp();
  if (typeof found !== 'string') return await startVpp(found, tell);
  tell(`${found}: the emulator stands in, whose figures say nothing of a VPP's`);
  return await startEmulator();
}

async function startVpp(found: VppInstallation, tell: (reason: string) => void): Promise<Target> {
  // It never sleeps, as on a host that carries traffic.
  const vpp = new RealVpp(found, { pollSleepUs: 0, heap: '4G' });
  const { path, shmPrefix } = vpp;
  const transports: Record<string, Transport> = {
    socket: new SocketTransport({ path, ...CLIENT }),
  };
  try {
    const library = { path: await libraryOf(found) };
    transports['ffi'] = new FfiTransport({ library, shmPrefix, ...CLIENT });
  } catch (thrown) {
    tell(`${NfvError.from(thrown).message}: no figures over ffi`);
  }
  await vpp.start();
  return { kind: 'VPP', path, transports, pid: vpp.pid, stop: () => vpp.remove() };
}

async function startEmulator(): Promise<Target> {
  const child = fork(EMULATOR);
  const path = await new Promise<string>((resolve, reject) => {
    child.once('message', (message) => {
      if (typeof message === 'string') resolve(message);
    });
    child.once('exit', (code) => {
      reject(new Error(`the emulator ended with ${code ?? 'a signal'}`));
    });
  });
  return {
    kind: 'emulator',
    path,
    transports: { socket: new SocketTransport({ path, ...CLIENT }) },
    pid: child.pid ?? 0,
    stop: async () => {
      const exit = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await exit;
    },
  };
}

/** Clock ticks of /proc/PID/stat in a second: always 100 on Linux (getconf CLK_TCK). */
const TICKS = 100;

/** Seconds of CPU that a process has used. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name may have blanks; utime and stime are the 12th and 13th after it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Megabytes that a process has in memory. */
export function residentOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) / 1024;
}
