import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Context } from 'mocha';
import type { VppInstallation } from '../../demo/vpp-installation.js';
import { NfvError } from '../../src/errors.js';
import { findLibrary } from '../../src/vpp-api/ffi/find-library.js';
import { eventually } from './eventually.js';
import { skip } from './skip.js';
import { tempDir } from './temp-dir.js';
import type { VppUnderTest } from './vpp-under-test.js';

export { findVpp, type VppInstallation } from '../../demo/vpp-installation.js';

const run = promisify(execFile);

/** Its libvppapiclient. @throws NfvError VPP_LIBRARY_MISSING */
export async function libraryOf({ libraries }: VppInstallation): Promise<string> {
  return await findLibrary(libraries === undefined ? {} : { path: libraries });
}

/** The same, for a suite that is skipped where there is no VPP, or one without the library. */
export async function libraryOrSkip(
  context: Context,
  found: VppInstallation | string,
): Promise<{ readonly found: VppInstallation; readonly library: string }> {
  if (typeof found === 'string') skip(context, found);
  try {
    return { found, library: await libraryOf(found) };
  } catch (thrown) {
    const { code, message } = NfvError.from(thrown);
    if (code === 'VPP_LIBRARY_MISSING') skip(context, message);
    throw thrown;
  }
}

export interface RealVppOptions {
  /** More of startup.conf. */
  readonly config?: string;
  /** More of its `statseg`. */
  readonly statseg?: string;
  /** Microseconds that VPP sleeps when it has nothing to do; 0: it never sleeps. */
  readonly pollSleepUs?: number;
  /** 1G, 4G, ... */
  readonly heap?: string;
  /** The network namespace that it runs in; default: ours. */
  readonly netns?: string;
}

let count = 0;

/** A VPP in a runtime directory of its own, without hugepages and without devices. */
export class RealVpp implements VppUnderTest {
  readonly #dir = tempDir();
  /** Of its shared memory in /dev/shm. */
  readonly shmPrefix = `nfvt${process.pid}-${count++}`;
  #child: ChildProcess | undefined;

  constructor(
    private readonly installation: VppInstallation,
    private readonly options: RealVppOptions = {},
  ) {}

  get path(): string {
    return join(this.#dir.path, 'api.sock');
  }

  get statsPath(): string {
    return join(this.#dir.path, 'stats.sock');
  }

  get puntPath(): string {
    return join(this.#dir.path, 'punt.sock');
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(): Promise<void> {
    const config = join(this.#dir.path, 'startup.conf');
    writeFileSync(config, this.#startupConf());
    const { netns } = this.options;
    const own = [this.installation.vpp, '-c', config];
    const [command = '', ...args] =
      netns === undefined ? own : ['ip', 'netns', 'exec', netns, ...own];
    const child = spawn(command, args, {
      stdio: 'ignore',
      env: this.#environment(),
    });
    this.#child = child;
    let failure: string | undefined;
    child.once('error', (error) => (failure = error.message));
    child.once('exit', (code, signal) => (failure ??= `it ended with ${code ?? signal ?? '?'}`));
    await eventually(async () => {
      if (failure !== undefined) return true;
      await knock(this.path);
      return true;
    }, 60_000);
    if (failure !== undefined) throw new Error(`VPP does not start: ${failure}\n${this.log()}`);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    this.#dir.remove();
    for (const name of readdirSync('/dev/shm')) {
      if (name.startsWith(this.shmPrefix)) rmSync(join('/dev/shm', name), { force: true });
    }
  }

  stall(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** What VPP's own command line says. */
  async vppctl(...words: readonly string[]): Promise<string> {
    const args = ['-s', join(this.#dir.path, 'cli.sock'), ...words];
    const { stdout } = await run(this.installation.vppctl, args, { env: this.#environment() });
    return stdout;
  }

  log(): string {
    const file = join(this.#dir.path, 'vpp.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  #environment(): NodeJS.ProcessEnv {
    const { libraries } = this.installation;
    return libraries === undefined ? process.env : { ...process.env, LD_LIBRARY_PATH: libraries };
  }

  #startupConf(): string {
    const dir = this.#dir.path;
    const { pollSleepUs = 100, heap = '1G', config = '', statseg = '' } = this.options;
    const { plugins } = this.installation;
    const sleep = pollSleepUs === 0 ? '' : `poll-sleep-usec ${pollSleepUs}`;
    return `
unix { nodaemon nosyslog cli-listen ${dir}/cli.sock log ${dir}/vpp.log runtime-dir ${dir} ${sleep} }
api-segment { prefix ${this.shmPrefix} }
socksvr { socket-name ${this.path} }
punt { socket ${this.puntPath} }
statseg { socket-name ${this.statsPath} size 64M page-size 4k ${statseg} }
memory { main-heap-size ${heap} main-heap-page-size 4k }
buffers { buffers-per-numa 8192 page-size 4k }
plugins { ${plugins === undefined ? '' : `path ${plugins}`} plugin dpdk_plugin.so { disable } }
${config}
`;
  }
}

/** Settles when something listens; @throws when nothing does */
function knock(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
