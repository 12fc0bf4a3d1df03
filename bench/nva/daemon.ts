/** `nfvd nva` as an operator starts it, and what it costs the machine. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const NFVD = fileURLToPath(new URL('../../src/main/nfvd.js', import.meta.url));
/** USER_HZ, the unit of times in /proc/PID/stat (proc(5)); 100 on every Linux we run on. */
const TICKS_PER_SECOND = 100;
/** At rest: a share of CPU over so many milliseconds. */
const QUIET_SHARE = 0.1;
const QUIET_MS = 2000;
const QUIET_TIMEOUT_MS = 60_000;

export class NvaDaemon {
  private constructor(
    private readonly child: ChildProcess,
    readonly socket: string,
    /** Seconds from the start of the process until it answered. */
    readonly startSeconds: number,
  ) {}

  /**
   * Starts it on the store in `directory`/nva. NFVD_BENCH_PROFILE names a directory that gets a CPU
   * profile of it, when it stops.
   */
  static async start(directory: string): Promise<NvaDaemon> {
    const socket = join(directory, 'nva.sock');
    const config = join(directory, 'nva.yaml');
    await writeFile(
      config,
      `dataDir: ${join(directory, 'nva')}\nlisten: [{ address: "unix:${socket}" }]\n`,
    );
    const profile = process.env['NFVD_BENCH_PROFILE'];
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const start = performance.now();
    const args = [...flags, NFVD, 'nva', '--config', config];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    // It must not outlive a bench that failed.
    process.once('exit', () => child.kill('SIGKILL'));
    let last = '';
    for await (const line of createInterface({ input: child.stdout })) {
      last = line;
      if (!line.includes('"NVA is up"')) continue;
      const seconds = (performance.now() - start) / 1000;
      // The log goes on; nobody reads it, and it must not fill the pipe.
      child.stdout.resume();
      return new NvaDaemon(child, socket, seconds);
    }
    throw new Error(`the NVA did not start: ${last}`);
  }

  /** Milliseconds of CPU that the process has used, in user and kernel mode. */
  async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.#pid}/stat`, 'utf8');
    // The second field, the command, is in brackets; utime and stime are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  }

  /** Until it has nothing to do: what goes on behind an answer is done, too. */
  async quiet(): Promise<void> {
    const start = performance.now();
    for (let used = Infinity; used > QUIET_SHARE * QUIET_MS;) {
      if (performance.now() - start > QUIET_TIMEOUT_MS) {
        throw new Error('the NVA does not come to rest');
      }
      const before = await this.cpuMs();
      await sleep(QUIET_MS);
      used = (await this.cpuMs()) - before;
    }
  }

  /** Megabytes (10^6 bytes) of memory it has had in use at most. */
  peakRssMb(): Promise<number> {
    return this.#memoryMb('VmHWM');
  }

  /** Megabytes (10^6 bytes) of memory it has in use now. */
  rssMb(): Promise<number> {
    return this.#memoryMb('VmRSS');
  }

  async #memoryMb(field: string): Promise<number> {
    const status = await readFile(`/proc/${this.#pid}/status`, 'utf8');
    return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  }

  get #pid(): number {
    const { pid } = this.child;
    if (pid === undefined || this.child.exitCode !== null) throw new Error('the NVA has ended');
    return pid;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}
