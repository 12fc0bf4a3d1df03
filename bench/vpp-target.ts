/** The VPP that is measured: a real one if there is one, else the emulator in a process of its own. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findVpp, RealVpp } from '../test/support/real-vpp.js';

const EMULATOR = fileURLToPath(new URL('vpp-emulator-worker.js', import.meta.url));

export interface Target {
  /** `VPP` or `emulator`. */
  readonly kind: string;
  readonly path: string;
  /** Seconds of CPU that its process has used. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Clock ticks of /proc/PID/stat in a second: always 100 on Linux (getconf CLK_TCK). */
const TICKS = 100;

function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name may have blanks; utime and stime are the 12th and 13th after it (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export async function startTarget(): Promise<Target> {
  const found = findVpp();
  if (typeof found !== 'string') {
    // It never sleeps, as on a host that carries traffic.
    const vpp = new RealVpp(found, { pollSleepUs: 0, heap: '4G' });
    await vpp.start();
    return {
      kind: 'VPP',
      path: vpp.path,
      cpuSeconds: () => cpuOf(vpp.pid),
      stop: () => vpp.remove(),
    };
  }
  const child = fork(EMULATOR);
  const path = await new Promise<unknown>((resolve) => child.once('message', resolve));
  if (typeof path !== 'string') throw new Error('the emulator did not start');
  return {
    kind: 'emulator',
    path,
    cpuSeconds: () => cpuOf(child.pid ?? 0),
    stop: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
